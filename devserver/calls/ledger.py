"""What is kept of a call while it runs, so that its report can be made at the end.

Ten thousand calls may run at once, so requests and answers are kept as bytes, and everything that was told only when
somebody wants the timeline.
"""

from __future__ import annotations

import time
from typing import Any

import msgspec

from devserver.calls.commands import End
from devserver.calls.told import (
    CalledBack,
    CallReport,
    Connected,
    Heard,
    Joined,
    Offered,
    Pressed,
    RecordingKept,
    ReportedCallback,
    Told,
)


class _Kept(msgspec.Struct, frozen=True, gc=False):
    """A callback: what is told of it, with the request as bytes; the answer is shared by equal ones."""

    told: CalledBack
    request: bytes


class Ledger:
    """One call, as its report will have it.

    Args:
        timeline: whether everything that is told is kept.
    """

    __slots__ = (
        "_began",
        "_callbacks",
        "_connected",
        "_heard",
        "_keys",
        "_menus",
        "_recordings",
        "_seconds",
        "_timeline",
        "end",
        "failed",
        "trouble",
    )

    def __init__(self, *, timeline: bool) -> None:
        self._began = time.perf_counter()
        self._seconds: float | None = None
        self._heard: list[str] = []
        self._callbacks: list[_Kept] = []
        self._connected: list[str] = []
        self._menus: list[str] = []
        self._recordings: list[str] = []
        self._keys = ""
        self._timeline: list[Told] | None = [] if timeline else None
        self.end: End | None = None
        self.failed = False
        self.trouble = ""

    def note(self, told: Told) -> None:
        """Keep what the report needs."""
        if self._timeline is not None:
            self._timeline.append(told)
        match told:
            case Heard(text=text):
                self._heard.append(text)
            case CalledBack():
                self.failed = self.failed or told.failed
                self._callbacks.append(_Kept(msgspec.structs.replace(told, request={}), _encoded(told.request)))
            case Offered(menu=menu, round=1):
                self._menus.append(menu)
            case Connected(to=to) | Joined(conference=to):
                self._connected.append(to)
            case Pressed(key=key):
                self._keys += key
            case RecordingKept(path=path) if path:
                self._recordings.append(path)
            case _:
                pass

    def stop(self) -> None:
        """The call is over: its real time has been taken."""
        self._seconds = time.perf_counter() - self._began

    def report(self, callid: str, caller: str, to: str, cookies: dict[str, str]) -> CallReport:
        """All of it."""
        end = self.end
        return CallReport(
            callid=callid,
            caller=caller,
            to=to,
            result=end.result if end else "",
            reason=end.reason if end else "",
            duration=end.duration if end else 0,
            heard=tuple(self._heard),
            callbacks=tuple(_reported(kept) for kept in self._callbacks),
            failed=self.failed,
            why=end.why if end else "",
            connected=tuple(self._connected),
            menus=tuple(self._menus),
            keys=self._keys,
            cookies=cookies,
            recordings=tuple(self._recordings),
            seconds=round(time.perf_counter() - self._began if self._seconds is None else self._seconds, 4),
            trouble=self.trouble,
            timeline=tuple(self._timeline or ()),
        )


def _encoded(request: dict[str, Any]) -> bytes:
    return msgspec.json.encode(request)


def _reported(kept: _Kept) -> ReportedCallback:
    told = kept.told
    return ReportedCallback(
        event=told.event,
        request=msgspec.json.decode(kept.request),
        answer=told.answer,
        status=told.status,
        ms=told.ms,
        findings=told.findings,
        at=told.at,
        budget=told.budget,
        words=told.words,
        failed=told.failed,
        fallback=told.fallback,
    )
