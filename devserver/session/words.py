"""Events of a session in words, for a person at a terminal: calm, one line each, times on the left.

Pure but for the time of day. What came from outside is shown with its control characters made visible: a caller's
name must not be able to move the cursor or ring the bell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, MutableMapping
from datetime import datetime
from typing import Any

import click

from devserver.session.budget import MUCH

# What moves a cursor, rings, or starts a sequence (C0, DEL, C1); line ends that only some programs know; what turns
# text around (a number must not read backwards); and what nobody can see but a program reads.
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\U000e0000-\U000e007f]"
)
_INDENT = " " * 10
_COLOURS = dict.fromkeys(
    ("ready", "taken", "moved", "found", "restored", "settled", "attached"), "green"
) | dict.fromkeys(
    ("connecting", "reconnecting", "closed", "left", "waiting", "detached", "refused", "unfollowed"), "yellow"
)
"""Of the states of tunnel, lease and debugger; those that are not here are trouble."""
_ADDRESSES = ("function", "console", "cloud", "tunnel", "debug")
_COLUMN = 22  # characters for who a callback is about


def visible(text: str) -> str:
    """Text from outside, with control characters (line breaks and tabs excepted) shown as escapes."""
    return _CONTROL.sub(_escaped, text)


def visible_line(text: str) -> str:
    """As `visible`, on one line: a caller's name must not be able to draw a line of its own."""
    return visible(text).replace("\n", "\\n").replace("\t", " ")


def _escaped(match: re.Match[str]) -> str:
    number = ord(match.group())
    if number > 0xFFFF:
        return f"\\U{number:08x}"
    return f"\\u{number:04x}" if number > 0xFF else f"\\x{number:02x}"


class Words:
    """Renders events as lines.

    Args:
        colour: whether to use it.
        now: gives the local time.
    """

    def __init__(self, *, colour: bool, now: Callable[[], datetime] = datetime.now) -> None:
        self._colour = colour
        self._now = now
        self._renderers: dict[str, Callable[[Mapping[str, Any]], str | None]] = {
            "ready": self._ready,
            "callback": self._callback,
            "request": self._request,
            "call": self._call,
            "hold": self._hold,
            "reload": self._reload,
            "load_error": self._load_error,
            "log": self._log,
            "more": self._more,
            "tunnel": self._tunnel,
            "lease": self._lease,
            "debug": self._debug,
            "stopping": self._stopping,
        }

    def __call__(self, kind: str, fields: MutableMapping[str, Any]) -> str | None:
        """The line for an event."""
        renderer = self._renderers.get(kind)
        return renderer(fields) if renderer else None

    # --- pieces ------------------------------------------------------------------------------------------------

    def _style(self, text: str, **how: Any) -> str:
        return click.style(text, **how) if self._colour else text

    def _dim(self, text: str) -> str:
        return self._style(text, dim=True)

    def _at(self, text: str) -> str:
        now = self._now()
        return f"{self._dim(f'{now.hour:02}:{now.minute:02}:{now.second:02}')}  {text}"

    def _under(self, text: str, **how: Any) -> str:
        return "\n".join(_INDENT + self._style(line, **how) if how else _INDENT + line for line in text.splitlines())

    # --- start and stop ----------------------------------------------------------------------------------------

    def _ready(self, fields: Mapping[str, Any]) -> str:
        lines = [
            "",
            f"  {self._style(fields['name'], bold=True)} is ready {self._dim('(' + _ms(fields['ms']) + ')')}",
            "",
        ]
        shown = [name for name in _ADDRESSES if fields.get(name)]
        lines += [f"  {name:<10}{self._style(fields[name], fg='cyan')}" for name in shown]
        if fields.get("routes"):
            lines.append(f"  {'answers':<10}{'  '.join(fields['routes'])}")
        elif fields.get("generation"):
            lines.append(f"  {'answers':<10}{self._style('nothing yet: function.py has no handlers', fg='yellow')}")
        lines += ["", f"  {self._dim('Edit function.py and the next callback runs the new code. Ctrl-C stops.')}"]
        if fields.get("try"):
            lines.append(f"  {self._dim('Try: ' + fields['try'])}")
        return "\n".join([*lines, ""])

    def _stopping(self, fields: Mapping[str, Any]) -> str:
        return self._at(self._dim(fields["text"]))

    # --- traffic -----------------------------------------------------------------------------------------------

    def _callback(self, fields: Mapping[str, Any]) -> str | None:
        if fields.get("holding"):
            return None  # the rounds of a silent menu are told by what comes of them
        name = self._style(f"{fields['name']:<7}", fg="green" if _is_good(fields) else "red", bold=True)
        who = visible_line(fields.get("from") or _short(fields.get("callid") or ""))
        what = visible_line(fields["answer"]) if _is_good(fields) else self._failure(fields)
        if fields["name"] == "dice" and fields.get("reason"):
            what = visible_line(fields["reason"]).lower() + (f" ({what})" if what != "nothing" else "")
        lines = [self._at(f"{name} {who:<22} {self._used(fields)}  {what}{self._mark(fields)}")]
        lines += self._details(fields)
        lines += [self._finding(finding) for finding in fields["findings"]]
        lines += [self._under(f"profile: {visible_line(path)}", dim=True) for path in fields.get("profiles", ())]
        return "\n".join(lines)

    def _used(self, fields: Mapping[str, Any]) -> str:
        """How much of the platform's patience was used, the way through the tunnel included."""
        share, deadline = fields["budget"], fields["deadline"]
        colour = "red" if share > 1 else "yellow" if share > MUCH else None
        taken = f"{_ms(share * deadline * 1000):>8}"
        return (self._style(taken, fg=colour) if colour else taken) + self._dim(f" of {deadline:g} s")

    def _hold(self, fields: Mapping[str, Any]) -> str:
        """What becomes of a call whose handler is held."""
        good = fields["state"] in {"held", "keys", "delivered"}
        name = self._style(f"{'hold':<7}", fg="cyan" if good else "yellow", bold=True)
        who = visible_line(fields.get("caller") or _short(fields.get("callid") or ""))
        return self._at(f"{name} {who:<22} {visible_line(fields['text'])}")

    def _request(self, fields: Mapping[str, Any]) -> str:
        good = _is_good(fields)
        path = visible_line(f"{fields['method']} {fields['path']}")
        outcome = self._style(str(fields["status"]), fg="green") if good else self._failure(fields)
        line = f"{path:<30} {_ms(fields['ms']):>8}  {outcome}{self._mark(fields)}"
        return "\n".join([self._at(line), *self._details(fields)])

    def _mark(self, fields: Mapping[str, Any]) -> str:
        """Where a request came from, when that is not this machine."""
        source = fields.get("source", "local")
        kept = "" if fields.get("recorded", True) else ", not recorded"
        return "" if source == "local" else self._dim(f"  {source}{kept}")

    def _call(self, fields: Mapping[str, Any]) -> str | None:
        """The end of a simulated call, when no DICE has told it."""
        if fields["dice"]:
            return None
        name = self._style(f"{'call':<7}", fg="red" if fields["failed"] else "green", bold=True)
        return self._at(f"{name} {visible_line(fields['from']):<22} {'':>8}  {visible_line(fields['why'])}")

    def _failure(self, fields: Mapping[str, Any]) -> str:
        error = fields.get("error")
        text = error["text"] if error else fields.get("reason") or ""
        return self._style(f"{fields['status'] or 'gone'} {visible_line(text)}".strip(), fg="red")

    def _details(self, fields: Mapping[str, Any]) -> list[str]:
        lines = []
        error = fields.get("error")
        if error and error["traceback"]:
            lines.append(self._under(visible(error["traceback"]), fg="red"))
        if fields.get("hint"):
            lines.append(self._under(visible(fields["hint"]), dim=True))
        return lines

    def _finding(self, finding: Mapping[str, Any]) -> str:
        colour = "red" if finding["severity"] == "error" else "yellow"
        place = f"{finding['path']}: " if finding["path"] else ""
        return self._under(f"{finding['severity']}: {visible_line(place + finding['text'])}", fg=colour)

    def _more(self, fields: Mapping[str, Any]) -> str:
        return self._at(
            self._dim(f"... and {fields['count']:,} more within a second; `fn recordings list` has them all")
        )

    # --- in public ---------------------------------------------------------------------------------------------

    def _tunnel(self, fields: Mapping[str, Any]) -> str:
        state = fields["state"]
        name = self._style(f"{'tunnel':<7}", fg=_COLOURS.get(state, "red"), bold=True)
        address = self._style(fields["url"], fg="cyan") if state == "ready" and fields["url"] else ""
        text = visible_line(fields["text"])
        said = text if fields["url"] and fields["url"] in text else "  ".join(filter(None, (address, text)))
        return self._hinted(f"{name} {said or state}", fields)

    def _lease(self, fields: Mapping[str, Any]) -> str:
        name = self._style(f"{'lease':<7}", fg=_COLOURS.get(fields["state"], "red"), bold=True)
        return self._hinted(f"{name} {visible_line(fields['text'])}", fields)

    def _hinted(self, text: str, fields: Mapping[str, Any]) -> str:
        hint = [self._under(visible(fields["hint"]), dim=True)] if fields.get("hint") else []
        return "\n".join([self._at(text), *hint])

    def _debug(self, fields: Mapping[str, Any]) -> str:
        name = self._style(f"{'debug':<7}", fg=_COLOURS.get(fields["state"], "red"), bold=True)
        return self._at(f"{name} {visible_line(fields['text'])}")

    # --- code --------------------------------------------------------------------------------------------------

    def _reload(self, fields: Mapping[str, Any]) -> str:
        what = ", ".join(fields["files"][:3]) or fields["reason"]
        if len(fields["files"]) > 3:
            what += f" and {len(fields['files']) - 3} more"
        name = self._style("reload ", fg="cyan", bold=True)
        generation = self._dim(f"generation {fields['generation']}")
        lines = [self._at(f"{name} {visible_line(what):<22} {_ms(fields['ms']):>8}  {generation}")]
        lines += [self._under(visible(text), fg="yellow") for text in fields["warnings"]]
        return "\n".join(lines)

    def _load_error(self, fields: Mapping[str, Any]) -> str:
        generation = fields["generation"]
        goes_on = f"generation {generation} keeps answering" if generation else "nothing answers until it is mended"
        text = visible(fields["traceback"] or fields["text"])
        head = self._style("error  ", fg="red", bold=True)
        lines = [
            self._at(f"{head} {self._style(visible_line(fields['text']), fg='red')}  {self._dim('(' + goes_on + ')')}")
        ]
        if fields["traceback"]:
            lines.append(self._under(text, fg="red"))
        return "\n".join(lines)

    def _log(self, fields: Mapping[str, Any]) -> str:
        level = fields["level"]
        colour = {"error": "red", "critical": "red", "warning": "yellow"}.get(level)
        text = visible(str(fields["text"]))
        more = " ".join(visible(f"{key}={value}") for key, value in fields.get("fields", {}).items())
        whole = f"{text} {self._dim(more)}" if more else text
        tag = f"{level}: " if level in {"warning", "error", "critical"} and fields.get("ours") else ""
        lines = (tag + whole).splitlines() or [""]
        bar = self._style("|", fg=colour) if colour else self._dim("|")
        return "\n".join(f"{_INDENT}{bar} {line}" for line in lines)


def _short(callid: str) -> str:
    """A call id that fits its column; its end tells calls apart better than its beginning."""
    return callid if len(callid) <= _COLUMN else f"...{callid[3 - _COLUMN :]}"


def _is_good(fields: Mapping[str, Any]) -> bool:
    return fields.get("status") is not None and fields["status"] < 400 and not fields.get("error")


def _ms(value: float) -> str:
    if value >= 10_000:
        return f"{value / 1000:.1f} s"
    return f"{value:.1f} ms" if value < 10 else f"{value:.0f} ms"
