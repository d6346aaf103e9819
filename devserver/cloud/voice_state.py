"""What the Voice platform remembers: callback URLs of applications, numbers, and reports about calls.

The session asks it, too: a simulated call goes to the callback URLs that are configured here.
"""

from __future__ import annotations

import msgspec

from devserver.cloud.state import CloudState

_PRODUCT = "voice"


class CallbackUrls(msgspec.Struct, frozen=True):
    """Where an application's callbacks go; an empty primary address means that none are sent."""

    primary: str
    fallback: str | None = None


class Number(msgspec.Struct, frozen=True):
    """A rented number, and the application that has it, if any."""

    number: str
    capability: str = "voice"
    application: str | None = None


class CallReport(msgspec.Struct, frozen=True):
    """What somebody reported about a call; `at` in seconds since 1970."""

    call_id: str
    status: str
    details: str | None
    at: float


class VoiceState:
    """Voice's rows of the state.

    Args:
        state: the file.
        default_url: where callbacks go until somebody configures it: the function of this session.
    """

    def __init__(self, state: CloudState, default_url: str | None = None) -> None:
        self._state = state
        self._default = CallbackUrls(default_url or "")

    def callback_urls(self, application: str) -> CallbackUrls:
        """The configured addresses of an application, else the function of this session."""
        found = self._state.get(_PRODUCT, "callbacks", application.lower())
        return self._default if found is None else msgspec.convert(found, CallbackUrls)

    def set_callback_urls(self, application: str, urls: CallbackUrls) -> None:
        """Configure the addresses of an application.

        The function of this session is what an application has that was never configured, and it is not written down:
        the next session may have another port.
        """
        if urls == self._default:
            self._state.remove(_PRODUCT, "callbacks", application.lower())
        else:
            self._state.put(_PRODUCT, "callbacks", {application.lower(): urls})

    def numbers(self) -> list[Number]:
        """Every number that somebody has assigned, by number."""
        return [msgspec.convert(each, Number) for each in self._state.all(_PRODUCT, "number")]

    def put_numbers(self, numbers: list[Number]) -> None:
        """Remember numbers; one of the same number and capability is replaced."""
        self._state.put(_PRODUCT, "number", {f"{each.number} {each.capability}": each for each in numbers})

    def report(self, report: CallReport) -> None:
        """Remember a report; a later one about the same call replaces it."""
        self._state.put(_PRODUCT, "report", {report.call_id: report})

    def reports(self) -> list[CallReport]:
        """Every report, by call."""
        return [msgspec.convert(each, CallReport) for each in self._state.all(_PRODUCT, "report")]
