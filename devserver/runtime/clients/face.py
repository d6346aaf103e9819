"""The async face of the SDK: the same names, awaited.

`await context.sms.batches.send_sms(...)` is the SDK's `client.sms.batches.send_sms(...)`, run in a thread so that the
event loop goes on. Nothing is looked up before a call is awaited: the SDK may not even be imported yet. A call that is
cancelled stops being waited for, but its request may still arrive.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from devserver.runtime.clients.sdk import Sdk
from devserver.runtime.clients.unlocking import MissingVariables, missing


class Operation:
    """A product of the SDK, a part of it, or an operation to call; which of them, the SDK decides when it is called.

    Its truth is whether the variables of the product are set.
    """

    __slots__ = ("_path", "_sdk")

    def __init__(self, sdk: Sdk, path: tuple[str, ...]) -> None:
        self._sdk = sdk
        self._path = path

    def __getattr__(self, name: str) -> Operation:
        if name.startswith("_"):
            raise AttributeError(f"{self!r} has no {name}.")
        return Operation(self._sdk, (*self._path, name))

    async def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the SDK's operation with the same arguments.

        Returns:
            What the SDK returns; `Pages` instead of the SDK's paginators.

        Raises:
            MissingVariables: variables of the product are not set.
            AttributeError: the SDK has no such operation.
            TypeError: it is no operation but a group of them, or takes other arguments.
            Exception: whatever the SDK raises, such as `sinch.core.exceptions.SinchException`.
        """
        names = missing(self._path[0], self._sdk.variables)
        if names:
            raise MissingVariables(self._path[0], names)
        result = await asyncio.to_thread(self._sdk.call, self._path, args, kwargs)
        return Pages(result) if hasattr(result, "next_page") and hasattr(result, "content") else result

    def __bool__(self) -> bool:
        return not missing(self._path[0], self._sdk.variables)

    def __repr__(self) -> str:
        return f"context.{'.'.join(self._path)}"


class Pages:
    """What a `list` operation returns: `async for item in await context.numbers.list(...)` goes over all pages.

    It stands on one page at a time, the first one to begin with, and only moves forward, as the SDK's paginator does.
    """

    __slots__ = ("_paginator",)

    def __init__(self, paginator: Any) -> None:
        self._paginator = paginator

    async def __aiter__(self) -> AsyncIterator[Any]:
        page: Pages | None = self
        while page is not None:
            for item in page.content():
                yield item
            page = await page.next_page()

    def content(self) -> list[Any]:
        """The items of the page it stands on."""
        return list(self._paginator.content())

    @property
    def has_next_page(self) -> bool:
        """Whether there is another page."""
        return bool(self._paginator.has_next_page)

    @property
    def result(self) -> Any:
        """The SDK's model of the page it stands on."""
        return self._paginator.result

    async def next_page(self) -> Pages | None:
        """Fetch the next page and stand on it; None when there is no other."""
        return self if await asyncio.to_thread(self._paginator.next_page) else None

    def __repr__(self) -> str:
        return f"Pages({self._paginator!r:.200})"


class NotYet:
    """A client that this version does not have. It is false, and says so when anything of it is used."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"context.{self._name}.{name} comes with a later version: this one has context.voice, "
            "context.sms, context.conversation and context.numbers."
        )

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return f"context.{self._name}"
