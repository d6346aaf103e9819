"""The functions that are measured, and the same thing for the baselines.

A source file carries a token of constant size, so that a save changes neither the size of the file nor anything but
what the function answers.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks import calls
from benchmarks.settings import ROOT

PLACEHOLDER = "VER000000"
CALLBACK = ROOT / "fixtures" / "callbacks" / "callback-ice--e2e.json"
MODULES = 50
IGNORED_FILES = 100_000
IGNORED_FOLDERS = 1_000

_HELLO = """\
from devserver.runtime import FunctionContext, IceEvent, IceSvamlBuilder

TOKEN = "VER000000"


async def ice(context: FunctionContext, event: IceEvent):
    return IceSvamlBuilder().say(f"Hello {event.cli}, please hold.").connect_pstn("+15551234567").build()


async def v(context, request):
    return TOKEN
"""

_IVR = """\
from devserver.runtime import FunctionContext, IceEvent, IceSvamlBuilder, PieEvent, PieSvamlBuilder, create_menu
@MORE@
TOKEN = "VER000000"


async def ice(context: FunctionContext, event: IceEvent):
    await context.cache.set(f"call:{event.callid}", {"from": event.cli, "pressed": []})
    menu = create_menu().prompt("Press 1 for sales, 2 for support.")
    menu = menu.option("1", "return(sales)").option("2", "return(support)").build()
    return IceSvamlBuilder().say(f"Welcome {event.cli}, {TOKEN}.").run_menu(menu).build()


async def pie(context: FunctionContext, event: PieEvent):
    call = await context.cache.get(f"call:{event.callid}") or {"pressed": []}
    call["pressed"].append(event.menu_result.value)
    await context.cache.set(f"call:{event.callid}", call)
    said = f"{TOKEN}, you have pressed {len(call['pressed'])} keys."
    return PieSvamlBuilder().say(said).connect_pstn("+15551234567").build()


async def dice(context, event):
    await context.cache.delete(f"call:{event.callid}")


async def v(context, request):
    return TOKEN
"""

_LEDGER = """\
import sqlite3
from contextlib import closing

from devserver.runtime import FunctionContext, IceEvent, IceSvamlBuilder


async def ice(context: FunctionContext, event: IceEvent):
    with closing(sqlite3.connect(context.database)) as database, database:
        database.execute("INSERT INTO calls (callid, cli) VALUES (?, ?)", (event.callid, event.cli))
    return IceSvamlBuilder().say(f"Hello {event.cli}, please hold.").connect_pstn("+15551234567").build()
"""

_SHOP = """\
import sinch

from devserver.runtime import FunctionContext, IceEvent, IceSvamlBuilder
from shop import @NAMES@

TOKEN = "VER000000"


async def ice(context: FunctionContext, event: IceEvent):
    return IceSvamlBuilder().say(f"Hello {event.cli}, please hold.").connect_pstn("+15551234567").build()


async def v(context, request):
    return max(TOKEN, m@LAST@.TOKEN)
"""

_ASGI_HELLO = """\
TOKEN = "VER000000"


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": TOKEN.encode()})
"""

_ASGI_SHOP = _ASGI_HELLO.replace("TOKEN =", "import sinch\nfrom shop import @NAMES@\n\nTOKEN =").replace(
    "TOKEN.encode()", "max(TOKEN, m@LAST@.TOKEN).encode()"
)

# Fifth modules only: a dataclass takes half a millisecond to make, and fifty of them would be all that is measured.
_DATACLASS = """\


from dataclasses import dataclass


@dataclass(frozen=True)
class Hours@N@:
    opens: int = 8
    closes: int = 18
    days: tuple[str, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday")
"""

_MODULE = '''\
"""Prices and opening hours, part @N@."""

import json

TOKEN = "VER000000"


class Item@N@:
    """One thing on the menu."""

    def __init__(self, name: str, price: float = @N@.5, tags: list[str] | None = None) -> None:
        self.name = name
        self.price = price
        self.tags = tags or []

    def with_tax(self, rate: float = 0.25) -> float:
        """The price that the caller hears."""
        if rate < 0:
            raise ValueError(f"a rate is not negative: {rate}")
        return round(self.price * (1 + rate), 2)

    def spoken(self) -> str:
        euros, cents = divmod(round(self.with_tax() * 100), 100)
        return f"{self.name} costs {euros} euros" + (f" and {cents} cents" if cents else "")


def parse(text: str) -> list[Item@N@]:
    found = []
    for entry in json.loads(text):
        if entry.get("part") == @N@:
            found.append(Item@N@(entry["name"], entry.get("price", 0.0), entry.get("tags", [])))
    return sorted(found, key=lambda item: (item.price, item.name))


def cheapest(items: list[Item@N@], limit: int = 3) -> str:
    names = [item.spoken() for item in items[:limit]]
    return ", ".join(names) if names else "We have nothing on offer today."
'''


@dataclass(frozen=True, slots=True)
class Saved:
    """A save that has returned; `at` as `time.perf_counter` has it."""

    version: int
    at: float


class Source:
    """A project's folder, and the files in it whose token changes with each save, in turn."""

    def __init__(self, folder: Path, *files: Path) -> None:
        self.folder = folder
        self.version = 0
        self._files = [(file, file.read_text()) for file in files]

    def save(self, *, rename: bool = False) -> Saved:
        """The next version, written in place or through a temporary file as careful editors do."""
        self.version += 1
        file, template = self._files[self.version % len(self._files)]
        text = template.replace(PLACEHOLDER, f"VER{self.version:06d}")
        if rename:
            temporary = file.with_name(file.name + ".tmp")
            temporary.write_text(text)
            temporary.replace(file)
        else:
            file.write_text(text)
        return Saved(self.version, time.perf_counter())


def hello(folder: Path, **dev: object) -> Source:
    """One file: a voice handler and a custom one; `dev` goes into its sinch.json."""
    _manifest(folder, "bench-hello", dev)
    return Source(folder, _write(folder / "function.py", _HELLO))


def shop(folder: Path) -> Source:
    """50 modules and the Sinch SDK; saves alternate between function.py and the last module."""
    _manifest(folder, "bench-shop")
    last = _shop_modules(folder)
    return Source(folder, _write(folder / "function.py", _named(_SHOP)), last)


def ivr(folder: Path, *, modules: bool = False) -> Source:
    """A menu that remembers in the cache what was pressed; with `modules`, it also imports what `shop` does."""
    _manifest(folder, "bench-ivr")
    more = ""
    if modules:
        _shop_modules(folder)
        more = _named("import sinch\nfrom shop import @NAMES@\n")
    return Source(folder, _write(folder / "function.py", _IVR.replace("@MORE@", more)))


def ledger(folder: Path) -> Source:
    """Each ICE writes a row into the function's database, whose tables are there."""
    _manifest(folder, "bench-ledger")
    return Source(folder, _write(folder / "function.py", _LEDGER))


def asgi_hello(folder: Path) -> Source:
    """`hello`, for uvicorn."""
    return Source(folder, _write(folder / "app.py", _ASGI_HELLO))


def asgi_shop(folder: Path) -> Source:
    """`shop`, for uvicorn."""
    last = _shop_modules(folder)
    return Source(folder, _write(folder / "app.py", _named(_ASGI_SHOP)), last)


def fill_with_ignored(folder: Path) -> None:
    """100,000 files where no watcher should look."""
    half = IGNORED_FOLDERS // 2
    for base in (folder / "node_modules", folder / ".venv" / "lib" / "site-packages"):
        for number in range(half):
            package = base / f"package{number:03d}"
            package.mkdir(parents=True)
            for name in range(IGNORED_FILES // IGNORED_FOLDERS):
                (package / f"{name}.py").touch()


def callback() -> bytes:
    """A real ICE payload, as HTTP sends it: the whole request."""
    return calls.request("ice", CALLBACK.read_bytes())


def _manifest(folder: Path, name: str, dev: dict[str, object] | None = None) -> None:
    _write(folder / "sinch.json", json.dumps({"name": name, "runtime": "python", "dev": dev or {}}))


def _shop_modules(folder: Path) -> Path:
    package = folder / "shop"
    package.mkdir()
    _write(package / "__init__.py", "")
    for number in range(MODULES):
        text = _MODULE if number % 5 else _MODULE + _DATACLASS
        _write(package / f"m{number:02d}.py", text.replace("@N@", str(number)))
    return package / f"m{MODULES - 1:02d}.py"


def _named(text: str) -> str:
    names = ", ".join(f"m{number:02d}" for number in range(MODULES))
    return text.replace("@NAMES@", names).replace("@LAST@", f"{MODULES - 1:02d}")


def _write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
