"""Plays scenario files against a project: the I/O of `fn test` and of `fn call SCENARIO.yaml`.

The function runs as in a replay: a copy of its data, an empty cache for each scenario, and nothing let out. Callbacks
come over HTTP, signed, to a function port that nobody else knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from devserver.calls.delivery import Delivery, HttpSend, Signer
from devserver.calls.playing import Place, Played, play
from devserver.calls.scenario import Scenario
from devserver.calls.scenario_reading import read_scenarios
from devserver.calls.told import Told
from devserver.errors import FnError
from devserver.project import Project
from devserver.project.texts import read_text
from devserver.recorder.takes import Take
from devserver.session.listeners import serve_function
from devserver.session.ports import listen, port_of
from devserver.session.replay_session import Options, ReplaySession, replay_session

SCENARIO_SUFFIXES = frozenset({".yaml", ".yml"})
"""How the names of scenario files end."""

MADE_UP_KEY = "00000000-0000-4000-8000-000000000000"
"""Application key of a project that has none."""

Listener = Callable[[Scenario, Told], None]


def read_files(root: Path, files: Sequence[Path], variables: Mapping[str, str]) -> list[Scenario]:
    """The scenarios in files, in order; of a file in the project the name is that within it.

    Raises:
        FnError: a file cannot be read, or is no scenario.
    """
    return [scenario for file in files for scenario in _read(root, file, variables)]


def _read(root: Path, file: Path, variables: Mapping[str, str]) -> list[Scenario]:
    resolved = file.resolve()
    name = resolved.relative_to(root).as_posix() if resolved.is_relative_to(root) else str(file)
    return read_scenarios(read_text(file, name), name, variables)


def variables_of(project: Project) -> dict[str, str]:
    """What `$NAME` stands for in its scenarios: the project's variables, but no secrets."""
    return {name: value for name, value in project.environment.items() if name not in project.secret_values}


async def play_in(session: ReplaySession, scenarios: Sequence[Scenario], told: Listener | None = None) -> list[Played]:
    """Play scenarios one after the other in a session that is up; each begins with an empty cache and a fresh copy.

    Args:
        session: with its code loaded.
        scenarios: from `read_files`.
        told: gets what happens, as it happens.
    """
    found = []
    async with _place(session) as place:
        for scenario in scenarios:
            await session.play(Take(scenario.name, None, ()))
            listener = None if told is None else lambda news, scenario=scenario: told(scenario, news)
            found.append(await play(scenario, place, listener=listener, keep_timeline=told is not None))
    return found


@asynccontextmanager
async def _place(session: ReplaySession) -> AsyncIterator[Place]:
    engine = session.engine
    project = engine.project
    key = project.voice_app or MADE_UP_KEY
    sockets = listen(0, flag="--port")
    try:
        async with serve_function(sockets, engine.gateway.handle), HttpSend() as send:
            delivery = Delivery(send, lambda: Signer(key, project.voice_secret or ""))
            yield Place(delivery, f"http://127.0.0.1:{port_of(sockets)}/", key)
    finally:
        for one in sockets:
            one.close()


def run_files(folder: Path, files: Sequence[Path], told: Listener | None = None) -> list[Played]:
    """Play the scenarios of files against the function in a folder.

    Args:
        folder: the project.
        files: scenario files.
        told: gets what happens, as it happens.

    Raises:
        FnError: a file is no scenario, or the project or its code cannot be loaded.
    """

    async def run() -> list[Played]:
        async with replay_session(folder, Options(record=False)) as session:
            project = session.engine.project
            scenarios = read_files(project.root, files, variables_of(project))
            if session.trouble is not None:
                raise session.trouble
            return await play_in(session, scenarios, told)

    missing = next((file for file in files if not file.is_file()), None)
    if missing is not None:
        raise FnError(f"{missing} is no file.", hint="Name a scenario file, such as tests/calls/menu.yaml.")
    return asyncio.run(run())
