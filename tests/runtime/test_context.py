from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from devserver.clock import ManualClock
from devserver.logs import structlog
from devserver.runtime.backends import Assets, FileStorage, MemoryCache, database_path
from devserver.runtime.clients import Clients, MissingVariables
from devserver.runtime.context import FunctionConfig, FunctionContext, MissingVariable, Services


def services(root: Path, variables: Mapping[str, str] | None = None, logger: Any = None) -> Services:
    known = {"NAME": "value", "EMPTY": ""} if variables is None else variables
    return Services(
        root=root,
        config=FunctionConfig("project", "demo", "development", known),
        cache=MemoryCache(ManualClock()),
        storage=FileStorage(root / "storage"),
        assets=Assets(root / "assets"),
        clients=Clients(known),
        database=lambda: database_path(root),
        logger=logger or structlog.get_logger(),
    )


# --- settings


def test_a_variable_is_read_with_a_default_and_empty_counts_as_unset(tmp_path: Path) -> None:
    config = services(tmp_path).config
    assert config.get_variable("NAME") == "value"
    assert config.get_variable("NAME", "other") == "value"
    assert config.get_variable("EMPTY", "other") == "other"
    assert config.get_variable("NONE", "other") == "other"
    assert config.get_variable("NONE") is None
    assert config.require_variable("NAME") == "value"


@pytest.mark.parametrize("name", ["NONE", "EMPTY"])
def test_a_required_variable_that_is_not_set_is_named_with_the_places_to_set_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(MissingVariable) as caught:
        services(tmp_path).config.require_variable(name)
    text = str(caught.value)
    assert name in text
    assert "sinch.json" in text
    assert ".env" in text
    assert not text.startswith(("'", '"'))
    assert isinstance(caught.value, KeyError)


def test_the_settings_have_the_names_of_the_contract(tmp_path: Path) -> None:
    context = FunctionContext(services(tmp_path))
    config = context.config
    assert (config.project_id, config.function_name, config.environment) == ("project", "demo", "development")
    assert context.env is config.variables
    assert context.env["NAME"] == "value"


# --- the logger


def logged(context: FunctionContext, entries: list[dict[str, Any]]) -> dict[str, Any]:
    context.log.info("routed", to="sales")
    return entries[-1]


@pytest.fixture
def logger() -> tuple[Any, list[dict[str, Any]]]:
    """A real structlog logger and what it was told."""
    entries: list[dict[str, Any]] = []

    def keep(_logger: Any, method: str, entry: Any) -> Any:
        entries.append({**entry, "level": method})
        raise structlog.DropEvent

    return structlog.wrap_logger(None, processors=[keep], wrapper_class=structlog.BoundLogger), entries


def test_the_logger_is_bound_to_the_request(tmp_path: Path, logger: tuple[Any, list[dict[str, Any]]]) -> None:
    context = FunctionContext(services(tmp_path, logger=logger[0]), "r1", "c1", 3)
    assert logged(context, logger[1]) == {
        "event": "routed",
        "to": "sales",
        "level": "info",
        "request_id": "r1",
        "callid": "c1",
        "generation": 3,
    }
    assert context.log is context.log


def test_the_logger_leaves_out_what_a_request_has_not(tmp_path: Path, logger: tuple[Any, list[dict[str, Any]]]) -> None:
    context = FunctionContext(services(tmp_path, logger=logger[0]), "r1")
    assert logged(context, logger[1]) == {"event": "routed", "to": "sales", "level": "info", "request_id": "r1"}


def test_one_requests_logger_does_not_bind_anothers(tmp_path: Path, logger: tuple[Any, list[dict[str, Any]]]) -> None:
    shared = services(tmp_path, logger=logger[0])
    one, other = FunctionContext(shared, "r1", "c1", 3), FunctionContext(shared, "r2", None, 3)
    logged(one, logger[1])
    entry = logged(other, logger[1])
    assert entry["request_id"] == "r2"
    assert "callid" not in entry


# --- the rest


async def test_cache_storage_and_assets_are_those_of_the_services(tmp_path: Path) -> None:
    shared = services(tmp_path)
    one, other = FunctionContext(shared, "r1"), FunctionContext(shared, "r2")
    await one.cache.set("k", {"a": 1})
    await one.storage.write("a/b.txt", "text")
    assert await other.cache.get("k") == {"a": 1}
    assert await other.storage.read("a/b.txt") == b"text"
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "hello.txt").write_text("hello")
    assert await one.assets("hello.txt") == "hello"


def test_the_database_is_made_when_somebody_asks_and_is_the_same_afterwards(tmp_path: Path) -> None:
    context = FunctionContext(services(tmp_path))
    assert not (tmp_path / "data").exists()
    assert context.database == str(tmp_path / "data" / "function.db")
    assert Path(context.database).exists()
    assert context.database is context.database


def test_the_timestamp_is_now_in_utc_and_stays(tmp_path: Path) -> None:
    context = FunctionContext(services(tmp_path))
    assert context.timestamp.endswith("Z")
    assert abs(datetime.now(UTC) - datetime.fromisoformat(context.timestamp)) < timedelta(seconds=30)
    assert context.timestamp is context.timestamp


@pytest.mark.parametrize("name", ["voice", "conversation", "sms", "numbers", "verification"])
def test_asking_for_a_client_costs_nothing_and_never_fails(tmp_path: Path, name: str) -> None:
    context = FunctionContext(services(tmp_path, {}))
    assert getattr(context, name) is not None


async def test_a_client_whose_variables_are_missing_names_them_when_it_is_used(tmp_path: Path) -> None:
    context = FunctionContext(services(tmp_path, {"PROJECT_ID": "p"}))
    with pytest.raises(MissingVariables, match="PROJECT_ID_API_KEY"):
        await context.sms.batches.send_sms(to=["+15551234567"])


def test_a_context_does_not_show_its_services(tmp_path: Path) -> None:
    context = FunctionContext(services(tmp_path, {"SECRET": "hunter2"}), "r1", "c1", 2)
    assert repr(context) == "FunctionContext(request_id='r1', callid='c1', generation=2)"


def test_a_context_cannot_be_changed(tmp_path: Path) -> None:
    context = FunctionContext(services(tmp_path), "r1")
    with pytest.raises(AttributeError):
        context.request_id = "r2"  # type: ignore[misc]
