"""What goes on beside the answering for as long as a session is up, and for which nobody waits.

Files are watched, recordings are tidied and indexed, and callbacks that an earlier session left behind are given back.
It opens nothing that has to be closed: each piece is a coroutine that runs until it is cancelled.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from devserver.project.places import has_leases
from devserver.session.engine import Engine
from devserver.session.telling import Telling
from devserver.session.watch import Watch

Work = Coroutine[Any, Any, None]


def beside(engine: Engine, telling: Telling, is_idle: Callable[[], bool], *, wants_tunnel: bool) -> Iterator[Work]:
    """All of it.

    Args:
        engine: whose project it is.
        telling: where people look.
        is_idle: whether there is time for what can wait.
        wants_tunnel: a session that goes public settles left callbacks itself, before it takes its own.
    """
    project = engine.project
    yield Watch(
        str(project.root),
        project.dev.ignore,
        engine.generations.changed,
        lambda text: telling.say("warning", text),
    ).run()
    if project.dev.record:
        yield from _upkeep(engine, is_idle)
    if not wants_tunnel and has_leases(os.environ):
        from devserver.session.lease_restoring import settle_at_start

        yield settle_at_start(project, telling.report.tell)


def _upkeep(engine: Engine, is_idle: Callable[[], bool]) -> Iterator[Work]:
    """Work on the recordings; how long they are kept may change with the configuration."""
    from devserver.recorder.retention import Retention, keep_tidy
    from devserver.recorder.search import keep_indexed

    def retention() -> Retention:
        dev = engine.project.dev
        return Retention(dev.retention_days, int(dev.retention_megabytes * (1 << 20)))

    folder = engine.project.root / ".fn"
    yield keep_tidy(folder, retention)
    yield keep_indexed(folder, is_idle)
