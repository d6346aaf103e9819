"""Which functions of `function.py` are handlers, and whether they can be called.

Contract (DESIGN 4): public functions defined in the file itself; imported names are not handlers. `setup` is called
once and `auth` is data, so neither is a route.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from devserver.runtime.routing import VOICE_EVENTS, fold


class UnusableFunction(Exception):
    """`function.py` was imported, but it cannot serve; the text is one sentence with the names and lines."""


@dataclass(frozen=True, slots=True)
class Handler:
    """One handler: its name, the function, whether it is `async def`, and its first line."""

    name: str
    call: Callable[..., Any]
    is_async: bool
    line: int


@dataclass(frozen=True, slots=True)
class Handlers:
    """Everything that `function.py` offers.

    Attributes:
        by_name: the handlers.
        misfits: public functions that cannot be handlers, with the sentence that says why.
        setup: the `setup(runtime)` function, if any.
        protected: names gated by Basic auth; `"*"` means every custom handler.
    """

    by_name: Mapping[str, Handler]
    misfits: Mapping[str, str] = field(default_factory=dict)
    setup: Callable[..., Any] | None = None
    protected: frozenset[str] = frozenset()

    def is_protected(self, name: str) -> bool:
        """Whether a custom handler is behind Basic auth."""
        return "*" in self.protected or name in self.protected


def find_handlers(module: ModuleType) -> Handlers:
    """Read the handlers of an imported `function.py`.

    A function whose name is a Voice event's but for its spelling (`Ice`) is a misfit: nothing would ever reach it.

    Raises:
        UnusableFunction: two handlers share a path, a Voice handler cannot take (context, event), or `auth` is wrong.
    """
    found: dict[str, Handler] = {}
    misfits: dict[str, str] = {}
    for name, value in vars(module).items():
        if name.startswith("_") or name == "setup" or not _is_own_function(module, value):
            continue
        complaint = _complaint(name, value)
        if complaint is None:
            found[name] = Handler(name, value, inspect.iscoroutinefunction(value), _line(value))
        elif name in VOICE_EVENTS:
            raise UnusableFunction(complaint)
        else:
            misfits[name] = complaint
    _refuse_collisions(found.values())
    setup = getattr(module, "setup", None)
    if setup is not None and not callable(setup):
        raise UnusableFunction("`setup` in function.py is not a function: it must be `def setup(runtime): ...`.")
    return Handlers(found, misfits, setup, _protected(module, found))


def _is_own_function(module: ModuleType, value: object) -> bool:
    # A decorated function keeps its __module__ through functools.wraps, so the name says where it was written.
    return inspect.isfunction(value) and value.__module__ == module.__name__


def _line(function: Callable[..., Any]) -> int:
    # What a decorator wraps need not be a function: it may be an object that can be called.
    code = getattr(inspect.unwrap(function), "__code__", None) or function.__code__
    return int(code.co_firstlineno)


def _complaint(name: str, function: Callable[..., Any]) -> str | None:
    if fold(name) in VOICE_EVENTS and name not in VOICE_EVENTS:
        return (
            f"`{name}` in function.py (line {_line(function)}) is never called: the handler of that callback is named "
            f"`{fold(name)}`. If it is no handler, name it `_{name}`."
        )
    # What counts is what is called: a decorator that adds an argument has a signature of its own.
    signature = inspect.signature(function, follow_wrapped=False)
    try:
        signature.bind(None, None)
    except TypeError:
        second = "event" if name in VOICE_EVENTS else "request"
        kind = "async def" if inspect.iscoroutinefunction(function) else "def"
        hint = "" if name in VOICE_EVENTS else f" If it is no handler, name it `_{name}`."
        return (
            f"`{name}` in function.py (line {_line(function)}) takes {signature}, and a handler takes two "
            f"parameters: write `{kind} {name}(context, {second})`.{hint}"
        )
    return None


def _refuse_collisions(handlers: Iterable[Handler]) -> None:
    seen: dict[str, Handler] = {}
    for handler in handlers:
        other = seen.setdefault(fold(handler.name), handler)
        if other is not handler:
            raise UnusableFunction(
                f"`{other.name}` (line {other.line}) and `{handler.name}` (line {handler.line}) in function.py both "
                f"answer /{handler.name.replace('_', '-')}: rename one of them."
            )


def _protected(module: ModuleType, found: Mapping[str, Handler]) -> frozenset[str]:
    declared = getattr(module, "auth", ())
    if inspect.ismodule(declared) or callable(declared):
        return frozenset()  # `import auth`, or a handler of that name: no declaration
    names = [declared] if isinstance(declared, str) else declared
    if not isinstance(names, list | tuple | set | frozenset) or not all(isinstance(name, str) for name in names):
        raise UnusableFunction('`auth` in function.py must be a list of handler names, or "*".')
    unknown = sorted(set(names) - set(found) - {"*"})
    if unknown:
        raise UnusableFunction(f"`auth` in function.py names `{unknown[0]}`, and there is no such handler.")
    # Another name for a protected function must not be a way around.
    calls = {found[name].call for name in names if name in found}
    return frozenset(names) | {name for name, handler in found.items() if handler.call in calls}
