"""What a function imports: `from devserver.runtime import FunctionContext, IceEvent, IceSvamlBuilder`.

The same code serves under `fn dev`, in tests and in production, so nothing here knows of gateways, recordings or
terminals. Names are imported when they are first used: a function that needs a builder does not pay for the SDK.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from devserver.runtime.builders import AceSvamlBuilder, IceSvamlBuilder, PieSvamlBuilder
    from devserver.runtime.clients.voice_results import VoiceError
    from devserver.runtime.context import FunctionConfig, FunctionContext, MissingVariable
    from devserver.runtime.events import AceEvent, DiceEvent, IceEvent, NotifyEvent, PieEvent, parse_event
    from devserver.runtime.menu_templates import MenuTemplates
    from devserver.runtime.menus import MenuBuilder, create_menu
    from devserver.runtime.request import BadRequest, Request, Response
    from devserver.runtime.setup import Runtime
    from devserver.svaml import SvamlError

_HOMES = {
    "AceEvent": "events",
    "AceSvamlBuilder": "builders",
    "BadRequest": "request",
    "DiceEvent": "events",
    "FunctionConfig": "context",
    "FunctionContext": "context",
    "IceEvent": "events",
    "IceSvamlBuilder": "builders",
    "MenuBuilder": "menus",
    "MenuTemplates": "menu_templates",
    "MissingVariable": "context",
    "NotifyEvent": "events",
    "PieEvent": "events",
    "PieSvamlBuilder": "builders",
    "Request": "request",
    "Response": "request",
    "Runtime": "setup",
    "SvamlError": "builders",
    "VoiceError": "clients.voice_results",
    "create_menu": "menus",
    "parse_event": "events",
}
"""Public name -> module of this package."""

__all__ = [
    "AceEvent",
    "AceSvamlBuilder",
    "BadRequest",
    "DiceEvent",
    "FunctionConfig",
    "FunctionContext",
    "IceEvent",
    "IceSvamlBuilder",
    "MenuBuilder",
    "MenuTemplates",
    "MissingVariable",
    "NotifyEvent",
    "PieEvent",
    "PieSvamlBuilder",
    "Request",
    "Response",
    "Runtime",
    "SvamlError",
    "VoiceError",
    "create_menu",
    "parse_event",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"devserver.runtime has no {name!r}; it has {', '.join(__all__)}.")
    return getattr(import_module(f"devserver.runtime.{home}"), name)


def __dir__() -> list[str]:
    return __all__
