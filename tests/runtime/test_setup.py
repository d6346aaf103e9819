from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from devserver.runtime.handlers import UnusableFunction
from devserver.runtime.setup import Runtime, call_hook


def hook(*_: Any) -> None: ...


async def async_hook(*_: Any) -> None: ...


def test_hooks_are_kept_in_the_order_of_their_registration() -> None:
    runtime = Runtime()
    runtime.on_startup(hook)
    runtime.on_startup(async_hook)
    runtime.on_shutdown(async_hook)
    runtime.on_websocket("/media", hook)
    assert runtime.startup == [hook, async_hook]
    assert runtime.shutdown == [async_hook]
    assert runtime.sockets == {"/media": hook}


def test_registering_gives_the_hook_back_so_that_it_can_decorate() -> None:
    runtime = Runtime()

    @runtime.on_startup
    def begin(_context: Any) -> None: ...

    assert runtime.on_shutdown(hook) is hook
    assert runtime.on_websocket("/a", async_hook) is async_hook
    assert runtime.startup == [begin]


@pytest.mark.parametrize("wrong", [None, 5, "hook", {}])
def test_what_is_no_function_is_refused_by_the_name_of_its_registration(wrong: Any) -> None:
    runtime = Runtime()
    with pytest.raises(UnusableFunction, match=rf"runtime\.on_startup needs a function, not {type(wrong).__name__}"):
        runtime.on_startup(wrong)
    with pytest.raises(UnusableFunction, match=r"runtime\.on_shutdown"):
        runtime.on_shutdown(wrong)
    with pytest.raises(UnusableFunction, match=r"runtime\.on_websocket"):
        runtime.on_websocket("/a", wrong)
    assert (runtime.startup, runtime.shutdown, runtime.sockets) == ([], [], {})


def test_a_coroutine_instead_of_its_function_is_refused() -> None:
    coroutine = async_hook()
    with pytest.raises(UnusableFunction, match="coroutine"):
        Runtime().on_startup(coroutine)  # type: ignore[arg-type]
    coroutine.close()


@pytest.mark.parametrize("path", ["", "media", "ws://host/media"])
def test_a_websocket_path_begins_with_a_slash(path: str) -> None:
    with pytest.raises(UnusableFunction, match="slash"):
        Runtime().on_websocket(path, hook)


def test_a_websocket_path_is_registered_once() -> None:
    runtime = Runtime()
    runtime.on_websocket("/media", hook)
    runtime.on_websocket("/media/2", hook)
    with pytest.raises(UnusableFunction, match="/media is registered twice"):
        runtime.on_websocket("/media", async_hook)
    assert runtime.sockets["/media"] is hook


async def test_plain_and_async_hooks_are_called_alike() -> None:
    seen: list[Any] = []

    async def slow(*arguments: Any) -> None:
        seen.append(arguments)

    await call_hook(seen.append, 1)
    await call_hook(slow, 2, 3)
    await call_hook(partial(slow, 4))
    assert seen == [1, (2, 3), (4,)]


async def test_what_a_hook_raises_goes_to_the_caller() -> None:
    def failing() -> None:
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        await call_hook(failing)
