"""What a function under test stands in: its project, and backends in memory in place of those of `fn dev`.

Values come from `sinch.json` and `.env` alone: the keyring is never asked, and what the machine's environment holds
counts only when a test asks for it. So a test does the same on every machine.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from devserver.errors import FnError
from devserver.project import load_project
from devserver.project.variables import PLATFORM_NAMES
from devserver.recorder.portable import State
from devserver.runtime.backends import Assets, MemoryCache, ensure_database
from devserver.runtime.clients import Clients
from devserver.runtime.context import FunctionConfig, FunctionContext, Services
from devserver.runtime.effects import ObservedCache, ObservedStorage
from devserver.testing.clock import Clock
from devserver.testing.memory_storage import MemoryStorage
from devserver.testing.noticing import Notes, logger
from devserver.testing.outbound import Outbound
from devserver.testing.views import Database, Variables


class NoKeyring:
    """A keyring that is never asked: a key whose value is in it stays unset."""

    def get(self, account: str) -> str | None:  # noqa: ARG002 see `Keyring.get`
        """See `Keyring.get`."""
        return None


def project_of(path: Path) -> Path:
    """The folder of the project that holds a file: the nearest one with `function.py` and `sinch.json`.

    Raises:
        FnError: there is none.
    """
    start = path.resolve()
    for folder in (start, *start.parents):
        if (folder / "function.py").is_file() and (folder / "sinch.json").is_file():
            return folder
    raise FnError(
        f"{path.name} is in no function project: no folder above it has function.py and sinch.json.",
        hint='Name the project with @pytest.mark.fn_project("path/to/project").',
    )


class Surroundings:
    """One project with backends of its own; each test has one.

    Attributes:
        root: folder of the project.
        project: as `fn dev` would read it on a machine that has set nothing.
        clock, notes, cache, storage, database, variables, outbound: what a test arranges and looks at.

    Args:
        root: folder of the project.
        environ: what counts as the process environment.

    Raises:
        ConfigError: the project cannot be read.
    """

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        self.root = root.resolve()
        self.project = load_project(self.root, environ=environ, keyring=NoKeyring())
        self.clock = Clock()
        self.notes = Notes(self.clock.wall)
        self.cache = MemoryCache(self.clock)
        self.storage = MemoryStorage()
        self.variables = Variables(self.project.environment)
        self.outbound = Outbound(self.notes)
        self._folder = TemporaryDirectory(prefix="fn-test-", ignore_cleanup_errors=True)
        self.database = Database(str(Path(self._folder.name).resolve() / "function.db"))
        self.services = self._services()

    @property
    def hidden(self) -> frozenset[str]:
        """Names whose value in the environment of the machine is none of the function's business."""
        verification = {name for name in os.environ if name.startswith("VERIFICATION_")}
        return PLATFORM_NAMES | verification | frozenset(self.variables)

    def context(self) -> FunctionContext:
        """A context as handlers get it."""
        return FunctionContext(self.services, "test", generation=1)

    def arrange(self, state: State) -> None:
        """Let cache, storage and database hold what they held when a call was recorded."""
        self.cache.fill((entry.key, entry.value, entry.ttl) for entry in state.cache)
        self.storage.files = dict(state.storage)
        if state.database is not None:
            self.database.fill(state.database)

    def close(self) -> None:
        """Give the time back, and remove the database."""
        self.clock.release()
        self._folder.cleanup()

    def _services(self) -> Services:
        project, values = self.project, self.variables.values_by_name
        return Services(
            root=self.root,
            config=FunctionConfig(values.get("PROJECT_ID"), project.name, "development", values),
            cache=ObservedCache(self.cache, self.notes.cache),
            storage=ObservedStorage(self.storage, self.notes.storage),
            assets=Assets(self.root / "assets"),
            clients=Clients(values, wire=self.outbound),
            database=lambda: ensure_database(Path(self.database.path)),
            logger=logger(self.notes),
        )
