"""Which callbacks a call has, where they go, and sending one: the tables of voice-v1.md 3.1, 3.2 and 1.1.

`due` is the one answer to "is it sent at all?". What the answer leads to is not known here.
"""

from __future__ import annotations

from devserver.calls.commands import CallbackEvent, SendCallback
from devserver.calls.payloads import Payload, calling_error_payload, dice_payload, notify_payload
from devserver.calls.progress import Progress
from devserver.calls.setup import Callout

_FLAGS = {"ace": "enable_ace", "pie": "enable_pie", "dice": "enable_dice"}
_OWN = frozenset({"ice", "ace", "pie", "dice"})
_SUPPRESSED = frozenset({"ace", "dice"})
_NONE: dict[str, str] = {}


def due(p: Progress, event: CallbackEvent) -> bool:
    """Whether this event is sent, for this call as it is now."""
    if p.data and not _due_for_data(p, event):
        return False
    if p.suppressed and event in _SUPPRESSED:
        return False
    own = own_target(p, event)
    if own:
        return is_address(own) or event != "dice"
    return bool(p.setup.urls) and _enabled(p, event)


def _due_for_data(p: Progress, event: CallbackEvent) -> bool:
    """A call that went to an app user has no ACE and no PIE, and often no DICE (voice-v1.md 1.4, 1.5, 3.1)."""
    if event != "dice":
        return event not in _FLAGS
    return p.setup.callout is None and (p.setup.origin != "MXP" or p.settings.dice_app_to_app)


def _enabled(p: Progress, event: CallbackEvent) -> bool:
    if p.setup.kind not in {"tts", "conference"} or event == "notify":
        return True
    flag = _FLAGS.get(event)
    return flag is not None and bool(getattr(p.setup.callout or Callout(), flag))


def own_target(p: Progress, event: CallbackEvent) -> str:
    """What a custom callout names for this event: an address, or SVAML as JSON text; mostly empty."""
    callout = p.setup.callout
    if callout is None or p.setup.kind != "custom" or event not in _OWN:
        return ""
    return str(getattr(callout, event)).strip()


def is_address(target: str) -> bool:
    """Whether it is an address and no SVAML."""
    return target.lower().startswith(("http://", "https://"))


def send(p: Progress, event: CallbackEvent, payload: Payload, *, wanted: bool = False) -> int:
    """Send a callback; its number."""
    own = own_target(p, event)
    p.callbacks += 1
    p.open[p.callbacks] = event
    p.out.append(
        SendCallback(
            callback=p.callbacks,
            event=event,
            payload=payload,
            urls=(own,) if own else p.setup.urls,
            deadline=p.settings.callback_timeout,
            wants="svaml" if wanted else "nothing",
            headers=p.setup.callback_headers,
        )
    )
    return p.callbacks


def cookies_of(p: Progress) -> dict[str, str]:
    """The cookies that go with an event."""
    return p.cookies if p.cookies and p.settings.cookies_in_events else _NONE


def send_calling_error(p: Progress, code: int, text: str) -> None:
    """Tell that an answer could not be used (voice-v1.md 1.7)."""
    if due(p, "notify"):
        send(p, "notify", calling_error_payload(p.setup, code, text))


def send_notify(p: Progress, kind: str, *, destination: str = "", amd: Payload | None = None) -> None:
    """Tell about a recording or a verdict (voice-v1.md 1.7)."""
    if due(p, "notify"):
        setup = p.setup
        send(
            p,
            "notify",
            notify_payload(kind, callid=setup.callid, custom=setup.custom, destination=destination, amd=amd),
        )


def send_dice(p: Progress) -> None:
    """Tell that the call is over, if that is due (voice-v1.md 1.6)."""
    if p.outcome is None or not due(p, "dice"):
        return
    to = p.connected if p.settings.dice_to == "connected" and p.connected else p.setup.to
    payload = dice_payload(
        p.setup,
        p.settings,
        p.at,
        cookies_of(p),
        outcome=p.outcome,
        duration=p.duration,
        to=to or p.connected,
        headers=p.headers,
    )
    send(p, "dice", payload)
