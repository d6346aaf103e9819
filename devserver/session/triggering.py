"""Sends one callback to the function and judges the answer: the I/O of `fn trigger`."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import msgspec

from devserver.errors import FnError
from devserver.project import Project
from devserver.recorder.redaction import Redactor
from devserver.recorder.replay import Run
from devserver.recorder.takes import CONTENT_TYPE, Item
from devserver.session.discovery import SessionFile, find_session
from devserver.session.exchange import Judge, Verdict
from devserver.session.replay_live import client_for, send, talking_to
from devserver.session.throwaway import throwaway_session


@dataclass(frozen=True, slots=True)
class Triggered:
    """A callback that was sent, and what came of it.

    Attributes:
        event: such as `ice`.
        payload: the body.
        run: the answer, logs, effects and errors.
        verdict: the answer in words, and what the platform would say of it.
    """

    event: str
    payload: dict[str, Any]
    run: Run
    verdict: Verdict

    @property
    def failed(self) -> bool:
        """Whether the function failed, or the platform would not take its answer."""
        answer = self.run.answer
        if answer is None or answer.status >= 400:
            return True
        return any(finding["severity"] == "error" for finding in self.verdict.findings)


async def trigger(project: Project, event: str, payload: dict[str, Any], address: str = "") -> Triggered:
    """Send a callback to where the function runs: the given address, the running session, or one made for it.

    Args:
        project: whose function answers, and whose Voice App signs.
        event: which callback it is.
        payload: its body.
        address: of a server on this machine; with a path it is sent exactly there.

    Raises:
        FnError: nobody answers there, it is not on this machine, or the code cannot be loaded.
    """
    path = urlsplit(address).path if address else ""
    item = Item(
        event,
        event,
        "POST",
        path if path.strip("/") else f"/{event}",
        (("Content-Type", CONTENT_TYPE),),
        msgspec.json.encode(payload),
    )
    async with AsyncExitStack() as stack:
        session = _session(project, address)
        if session is None:
            session = await stack.enter_async_context(throwaway_session(project.root))
        stack.enter_context(talking_to(session))
        client = await stack.enter_async_context(client_for(project))
        run = await send(client, session, project, Redactor({}), item, source="simulator")
    return Triggered(event, payload, run, _judged(event, payload, run))


def _session(project: Project, address: str) -> SessionFile | None:
    running = find_session(project.root)
    if not address:
        return running
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not _is_here(parts.hostname or ""):
        raise FnError(
            f"{address} is not on this machine.",
            hint="Callbacks that we sign go to this machine only, such as --url http://127.0.0.1:3000.",
        )
    base = f"{parts.scheme}://{parts.netloc}"
    if running is not None and urlsplit(running.function).port == parts.port:
        return running
    return SessionFile(0, base, "", "", "")


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _judged(event: str, payload: dict[str, Any], run: Run) -> Verdict:
    if run.answer is None:
        return Verdict("no answer", ())
    lower = {key.lower(): value for key, value in payload.items()}
    return Judge().judge(event, lower, run.answer.status, run.answer.body)
