"""Callbacks whose answer decides what comes next: ICE, ACE and PIE. The call waits for it.

A custom callout may bring the answer along as SVAML; it is then taken as if it had been fetched. More callbacks than
`Settings.most_callbacks` are a loop, and the call is ended, so that a menu which leads back to itself cannot run for
ever.
"""

from __future__ import annotations

from devserver.calls.commands import CallbackEvent
from devserver.calls.ending import finish
from devserver.calls.payloads import Payload, ace_payload, amd_of, ice_payload, menu_result, pie_payload
from devserver.calls.progress import Progress, State
from devserver.calls.sending import cookies_of, due, is_address, own_target, send, send_calling_error

_IN_PROGRESS: Payload = {"status": "inprogress", "reason": "n/a", "duration": 0}


def ask_ice(p: Progress) -> None:
    """Somebody calls: what now?"""
    _ask(p, "ice", ice_payload(p.setup, p.settings, p.at, cookies_of(p)))


def ask_ace(p: Progress) -> None:
    """Somebody answered: what now?"""
    amd = _IN_PROGRESS if p.amd == "async" else None if p.verdict is None else amd_of(p.verdict)
    _ask(p, "ace", ace_payload(p.setup, p.settings, p.at, cookies_of(p), amd))


def ask_pie(p: Progress, result: Payload) -> None:
    """A menu has a result: what now? A call that has no PIE ends here."""
    if due(p, "pie"):
        _ask(p, "pie", pie_payload(p.setup, p.at, cookies_of(p), result))
    else:
        finish(p, "all was said", "The menu is over, and this call sends no PIE.")


def tell_pie(p: Progress, kind: str, value: str, menu: str, conference: str = "") -> None:
    """A PIE whose answer is a 200 and nothing else: from a conference, or of a caller who hung up."""
    if due(p, "pie") and not inline(p, "pie"):
        result = menu_result(kind, value, menu, "dtmf")
        send(p, "pie", pie_payload(p.setup, p.at, cookies_of(p), result, conference))


def inline(p: Progress, event: CallbackEvent) -> bool:
    """Whether a callout brought the answer to this event along."""
    own = own_target(p, event)
    return bool(own) and not is_address(own)


def _ask(p: Progress, event: CallbackEvent, payload: Payload) -> None:
    if _loops(p):
        return
    p.asked += 1
    if inline(p, event):
        p.callbacks += 1
        p.awaiting, p.inline = p.callbacks, (event, own_target(p, event).encode())
    else:
        p.awaiting = send(p, event, payload, wanted=True)
    p.move(State.WAITING)


def _loops(p: Progress) -> bool:
    most = p.settings.most_callbacks
    if p.asked < most:
        return False
    why = f"The call asked its function more than {most} times (most_callbacks): it goes round in circles."
    send_calling_error(p, 50000, why)
    finish(p, "loop", why)
    return True
