"""The pytest plugin: the fixtures `function`, `context` and `replay`, and the markers that choose what they load.

It is imported at the start of every pytest run on the machine, so it imports nothing of ours until a test asks for a
fixture, and does nothing in projects that have no function.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from devserver.runtime import FunctionContext
    from devserver.testing.function import Function
    from devserver.testing.replaying import Replay
    from devserver.testing.surroundings import Surroundings

_MARKERS = (
    "fn_project(path, environment=False): the project to load; with environment=True the process may set its variables",
    "recordings(*patterns): the files that `replay` runs over, relative to the project; tests/calls/*.jsonl otherwise",
)


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known, for `--strict-markers`."""
    for line in _MARKERS:
        config.addinivalue_line("markers", line)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `replay` runs once for each recorded call."""
    if "replay" not in metafunc.fixturenames or not _is_ours(metafunc):
        return
    from devserver.testing.calls import chosen

    patterns = [pattern for mark in metafunc.definition.iter_markers("recordings") for pattern in mark.args]
    found = chosen(lambda: _project_root(metafunc.definition), patterns)
    metafunc.parametrize("replay", found, indirect=True, ids=[each.name for each in found])


@pytest.fixture
def fn_surroundings(request: pytest.FixtureRequest) -> Iterator[Surroundings]:
    """What `function` and `context` of one test share: the project's settings and backends in memory."""
    import os

    from devserver.errors import FnError
    from devserver.testing.surroundings import Surroundings

    mark = request.node.get_closest_marker("fn_project")
    wanted = mark is not None and mark.kwargs.get("environment", False)
    try:
        surroundings = Surroundings(_project_root(request.node), os.environ if wanted else {})
    except FnError as error:
        pytest.fail(str(error), pytrace=False)
    try:
        yield surroundings
    finally:
        surroundings.close()


@pytest.fixture
def function(request: pytest.FixtureRequest, fn_surroundings: Surroundings) -> Iterator[Function]:
    """The function of the project around the test, loaded anew, with backends in memory: `function.ice(...)`."""
    from devserver.testing.function import Function, LoadFailed

    function = Function(fn_surroundings, _is_test(request.config))
    try:
        function.open()
    except LoadFailed as error:
        pytest.fail(str(error), pytrace=False)
    try:
        yield function
    finally:
        function.close()


@pytest.fixture
def context(fn_surroundings: Surroundings) -> FunctionContext:
    """A `FunctionContext` with backends in memory, for handlers that a test calls itself."""
    return fn_surroundings.context()


@pytest.fixture
def replay(request: pytest.FixtureRequest) -> Replay:
    """A recorded call, to be replayed on the state it began with: `replay.check()`."""
    from devserver.testing.calls import NoCall

    found: Any = request.param
    if isinstance(found, NoCall):
        found.tell(pytest.skip, pytest.fail)
    from devserver.testing.replaying import Replay

    # Asked for only now: a test without recordings needs no project.
    surroundings = request.getfixturevalue("fn_surroundings")
    return Replay(found, surroundings, _is_test(request.config))


def _is_ours(metafunc: pytest.Metafunc) -> bool:
    """Whether `replay` is the fixture of this file, and not one, or a parameter, of the test's own."""
    definitions = getattr(metafunc, "_arg2fixturedefs", {}).get("replay")
    if definitions and definitions[-1].func.__module__ != __name__:
        return False
    names = [str(mark.args[0]) for mark in metafunc.definition.iter_markers("parametrize") if mark.args]
    return not any("replay" in name.replace(",", " ").split() for name in names)


def _project_root(node: pytest.Item) -> Path:
    from devserver.testing.surroundings import project_of

    mark = node.get_closest_marker("fn_project")
    path = (mark.args[0] if mark.args else mark.kwargs.get("path")) if mark is not None else None
    return project_of(node.path.parent / path if path is not None else node.path)


def _is_test(config: pytest.Config) -> Any:
    """Whether a file belongs to the tests and not to the function."""
    patterns: list[str] = [*config.getini("python_files"), "conftest.py"]

    def is_test(path: str) -> bool:
        *folders, name = Path(path).parts or ("",)
        return "tests" in folders or any(fnmatch(name, pattern) for pattern in patterns)

    return is_test
