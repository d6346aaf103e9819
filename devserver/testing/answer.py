"""What came back from the function: the answer, and what the handler did besides answering.

For people who write tests, so each thing is there under the word they think in: `says`, `menu().options`, `action`.
An answer that failed says so, with the traceback, as soon as a test looks for SVAML in it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from devserver.recorder.exchange import Effect, Headers
from devserver.runtime.application import Failure
from devserver.svaml import Finding, check, describe, heard
from devserver.svaml.canonical import canonical
from devserver.svaml.prompts import spoken
from devserver.testing.expectation import complaint
from devserver.testing.noticing import LogLine


class Menu(msgspec.Struct, frozen=True):
    """A menu of the answer.

    Attributes:
        id: its id.
        prompt: what the caller hears, in words.
        repeat_prompt: what the caller hears when nothing, or something wrong, was pressed.
        options: what each key does: `{"1": "return(sales)"}`.
        svaml: the menu as it stands in the answer.
    """

    id: str
    prompt: str
    repeat_prompt: str
    options: dict[str, str]
    svaml: dict[str, Any]


class Answer(msgspec.Struct, frozen=True):
    """One answer of the function.

    Attributes:
        id: of the request, as `context.request_id` has it.
        at: when it was sent, seconds since 1970, by the clock of the test.
        event: `ice`, `ace`, `pie`, `dice` or `notify`; None for a request that is no callback.
        method, path: of the request.
        callback: the payload of the callback.
        status: HTTP status.
        headers: in order.
        body: as sent.
        effects: what the handler did besides answering, in order.
        logs: what it logged.
        failure: why it did not answer; None when it did.
    """

    id: str
    at: float
    event: str | None
    method: str
    path: str
    callback: dict[str, Any]
    status: int
    headers: Headers
    body: bytes
    effects: list[Effect]
    logs: list[LogLine]
    failure: Failure | None = None

    @property
    def request(self) -> str:
        """What was sent, in a word or two."""
        return self.event or f"{self.method} {self.path}"

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @property
    def json(self) -> Any:
        """The body as JSON; None when it is empty."""
        __tracebackhide__ = True
        if not self.body:
            return None
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise AssertionError(f"{self.request} answered no JSON: {self.text[:200]!r}") from None

    @property
    def error(self) -> str:
        """Why the handler failed, with its traceback; empty when it did not."""
        if self.failure is None:
            return ""
        return self.failure.traceback or self.failure.text

    @property
    def svaml(self) -> dict[str, Any]:
        """The SVAML document; `{}` for an empty answer.

        Raises:
            AssertionError: the handler failed, or what it answered is no SVAML.
        """
        __tracebackhide__ = True
        if self.failure is not None:
            raise AssertionError(f"{self.request} answered {self.status}:\n{self.error}")
        document = self.json
        if self.status >= 300 or not isinstance(document, dict | None):
            raise AssertionError(f"{self.request} answered {self.status}, and no SVAML: {self.text[:500]}")
        return document or {}

    @property
    def says(self) -> list[str]:
        """What the caller hears, in order; of a menu its first prompt."""
        __tracebackhide__ = True
        return list(heard(self.svaml))

    @property
    def action(self) -> dict[str, Any]:
        """The action, with names spelled as in the documentation; `{}` when there is none."""
        __tracebackhide__ = True
        action = canonical(self.svaml).get("action")
        return action if isinstance(action, dict) else {}

    def menu(self, id: str | None = None) -> Menu:  # noqa: A002 the field's word
        """One menu of the action.

        Args:
            id: which one; None is the one that plays first.

        Raises:
            AssertionError: there is none of that id.
        """
        __tracebackhide__ = True
        action = self.action
        menus = [each for each in action.get("menus") or [] if isinstance(each, dict)]
        wanted = id if id is not None else action.get("mainMenu") or "main"
        found = next((each for each in menus if each.get("id") == wanted), None)
        if found is None:
            there = f"It has {', '.join(str(each.get('id')) for each in menus)}." if menus else self.describe()
            raise AssertionError(f"{self.request} answered without a menu {wanted!r}. {there}")
        return _menu(found)

    def describe(self) -> str:
        """The answer in one line."""
        if self.failure is not None or self.event is None:
            return f"{self.request} answered {self.status}."
        return f"{self.request} answered: {describe(self.json)}."

    @property
    def findings(self) -> list[Finding]:
        """What the platform would refuse, and what will surprise; empty is best."""
        if self.event is None or not 200 <= self.status < 300:
            return []
        return list(check(self.json, self.event, self.callback))

    def expect(self, **expected: Any) -> Answer:
        """Compare with what is expected; only what is given is looked at. Returns the answer itself.

        Args:
            **expected: any of
                `status`;
                `svaml`, `json`, `text`: the whole body;
                `says`: what the caller hears, a list;
                `cache`, `storage`: what the handler left under these keys, None for what it removed;
                `effects`: all that it did besides answering, in order, as an exported test has it:
                `{"cache": "set", "key": "caller:c1", "value": "+12025550199", "ttl": 3600}`;
                `headers`: those given;
                `body`: the whole body, bytes;
                `id`: the id of the request when the rest was recorded, for answers that hold it;
                `ignore`: rules for what may differ, as for `fn replay --ignore`.

        Raises:
            AssertionError: something is different; in the words of `fn replay --check`.
        """
        __tracebackhide__ = True
        found = complaint(self, expected)
        if found:
            raise AssertionError(found)
        return self


def _menu(menu: dict[str, Any]) -> Menu:
    options = [each for each in menu.get("options") or [] if isinstance(each, dict)]
    return Menu(
        str(menu.get("id")),
        spoken(str(menu.get("mainPrompt") or "")),
        spoken(str(menu.get("repeatPrompt") or "")),
        {str(each.get("dtmf")): str(each.get("action")) for each in options},
        menu,
    )
