from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from devserver.runtime.handlers import Handlers, UnusableFunction, find_handlers

NAME = "function_under_test"
Load = Callable[[str], Handlers]


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    """Handlers of a module made from source text."""

    def make(source: str) -> Handlers:
        path = tmp_path / "function.py"
        path.write_text(source)
        module = ModuleType(NAME)
        module.__file__ = str(path)
        sys.modules[NAME] = module
        exec(compile(source, str(path), "exec", dont_inherit=True), vars(module))  # noqa: S102 the test's own text
        return find_handlers(module)

    yield make
    sys.modules.pop(NAME, None)


def refusal(load: Load, source: str) -> str:
    with pytest.raises(UnusableFunction) as caught:
        load(source)
    return str(caught.value)


# --- what is a handler


def test_public_functions_are_handlers_async_or_not(load: Load) -> None:
    handlers = load("async def ice(context, event): ...\ndef status(context, request): ...\n")
    assert list(handlers.by_name) == ["ice", "status"]
    assert handlers.by_name["ice"].is_async
    assert not handlers.by_name["status"].is_async
    assert handlers.by_name["status"].line == 2
    assert handlers.misfits == {}
    assert handlers.setup is None
    assert handlers.protected == frozenset()


def test_imported_names_are_no_handlers(load: Load) -> None:
    handlers = load("from json import dumps, loads as pie\nfrom textwrap import indent as status\nimport os\n")
    assert handlers.by_name == {}
    assert handlers.misfits == {}


def test_private_names_classes_and_data_are_no_handlers(load: Load) -> None:
    handlers = load(
        "def _hidden(context, request): ...\n"
        "async def __dunder__(context, request): ...\n"
        "class Status:\n    def __init__(self, context, request): ...\n"
        "instance = Status(1, 2)\nnumber = 3\nice_cream = 'x'\n"
    )
    assert handlers.by_name == {}
    assert handlers.misfits == {}


def test_setup_is_kept_apart_and_is_no_handler(load: Load) -> None:
    handlers = load("def setup(runtime): ...\ndef status(context, request): ...\n")
    assert handlers.setup is not None
    assert list(handlers.by_name) == ["status"]


def test_setup_that_is_no_function_is_refused(load: Load) -> None:
    assert "`setup`" in refusal(load, "setup = {'port': 1}\n")


def test_a_lambda_and_a_second_name_are_handlers_too(load: Load) -> None:
    handlers = load("status = lambda context, request: 1\nasync def home(context, request): ...\ndefault = home\n")
    assert set(handlers.by_name) == {"status", "home", "default"}
    assert handlers.by_name["default"].is_async


WRAPS = """\
import functools

def traced(function):
    @functools.wraps(function)
    {kind} wrapper(*args, **kwargs):
        return {wait} function(*args, **kwargs)
    return wrapper

@traced
{inner} ice(context, event): ...
"""


def test_a_decorated_function_is_a_handler(load: Load) -> None:
    source = WRAPS.format(kind="async def", wait="await", inner="async def").replace("def traced", "def _traced")
    handler = load(source.replace("@traced", "@_traced")).by_name["ice"]
    assert handler.is_async
    assert handler.line == 9


def test_a_plain_wrapper_around_an_async_function_is_called_as_what_it_is(load: Load) -> None:
    source = WRAPS.format(kind="def", wait="", inner="async def").replace("def traced", "def _traced")
    assert not load(source.replace("@traced", "@_traced")).by_name["ice"].is_async


def test_a_decorator_that_adds_an_argument_makes_a_handler_of_three_parameters_usable(load: Load) -> None:
    handlers = load(
        "import functools\n"
        "def _with_db(function):\n"
        "    @functools.wraps(function)\n"
        "    def wrapper(context, request):\n"
        "        return function(context, request, {})\n"
        "    return wrapper\n"
        "@_with_db\n"
        "def users(context, request, db): ...\n"
    )
    assert list(handlers.by_name) == ["users"]


def test_a_wrapped_object_that_is_no_function_does_no_harm(load: Load) -> None:
    handlers = load(
        "import functools\n"
        "class _Service:\n    def __call__(self, context, request): return 1\n"
        "_service = _Service()\n"
        "@functools.wraps(_service)\n"
        "def users(context, request): return _service(context, request)\n"
    )
    assert handlers.by_name["users"].line == 5


def test_an_imported_function_that_was_decorated_at_home_is_no_handler(load: Load, tmp_path: Path) -> None:
    other = ModuleType("other_module_under_test")
    exec(WRAPS.format(kind="def", wait="", inner="def"), vars(other))  # noqa: S102 the test's own text
    sys.modules[other.__name__] = other
    try:
        assert load(f"from {other.__name__} import ice\n").by_name == {}
    finally:
        del sys.modules[other.__name__]


# --- parameters


@pytest.mark.parametrize(
    "signature",
    ["context, event", "*args", "context, *rest", "context, event, more=1", "context, /, event=None", "*a, **k"],
)
def test_whatever_takes_two_arguments_is_a_handler(load: Load, signature: str) -> None:
    handlers = load(f"async def ice({signature}): ...\ndef status({signature}): ...\n")
    assert set(handlers.by_name) == {"ice", "status"}


@pytest.mark.parametrize("signature", ["", "event", "context, event, third", "context, event, *, key", "*, context"])
@pytest.mark.parametrize("event", ["ice", "ace", "pie", "dice", "notify"])
def test_a_voice_handler_with_other_parameters_is_refused_with_its_line(load: Load, event: str, signature: str) -> None:
    text = refusal(load, f"\n\nasync def {event}({signature}): ...\n")
    assert f"`{event}`" in text
    assert "line 3" in text
    assert f"({signature})" in text
    assert f"async def {event}(context, event)" in text


@pytest.mark.parametrize("signature", ["", "request", "a, b, c"])
def test_a_custom_function_with_other_parameters_is_a_misfit_and_the_rest_serves(load: Load, signature: str) -> None:
    handlers = load(f"def ice(context, event): ...\ndef greet({signature}): ...\n")
    assert list(handlers.by_name) == ["ice"]
    text = handlers.misfits["greet"]
    assert "line 2" in text
    assert "def greet(context, request)" in text
    assert "`_greet`" in text


@pytest.mark.parametrize("name", ["Ice", "PIE", "No_tify"])
def test_a_function_that_only_resembles_a_callback_is_a_misfit(load: Load, name: str) -> None:
    handlers = load(f"def {name}(context, event): ...\n")
    assert handlers.by_name == {}
    assert name.replace("_", "").lower() in handlers.misfits[name]
    assert "line 1" in handlers.misfits[name]


# --- collisions


@pytest.mark.parametrize(
    ("one", "other"), [("get_user", "getUser"), ("get_user", "GetUser"), ("status", "STATUS"), ("a_b_c", "ab_c")]
)
def test_two_handlers_of_one_path_are_refused_with_both_lines(load: Load, one: str, other: str) -> None:
    text = refusal(load, f"def {one}(context, request): ...\n\ndef {other}(context, request): ...\n")
    assert f"`{one}` (line 1)" in text
    assert f"`{other}` (line 3)" in text


def test_a_misfit_does_not_collide_with_a_handler(load: Load) -> None:
    handlers = load("def get_user(context, request): ...\ndef getUser(number): ...\n")
    assert list(handlers.by_name) == ["get_user"]
    assert list(handlers.misfits) == ["getUser"]


# --- auth

TWO = "async def ice(context, event): ...\ndef status(context, request): ...\ndef users(context, request): ...\n"


@pytest.mark.parametrize("declared", ['["status"]', '("status",)', '{"status"}', 'frozenset(["status"])', '"status"'])
def test_auth_names_the_protected_handlers(load: Load, declared: str) -> None:
    handlers = load(f"auth = {declared}\n{TWO}")
    assert handlers.is_protected("status")
    assert not handlers.is_protected("users")


@pytest.mark.parametrize("declared", ['"*"', '["*"]', '["status", "*"]'])
def test_a_star_protects_every_handler(load: Load, declared: str) -> None:
    handlers = load(f"auth = {declared}\n{TWO}")
    assert handlers.is_protected("status")
    assert handlers.is_protected("users")


def test_without_auth_nothing_is_protected(load: Load) -> None:
    assert not load(TWO).is_protected("status")
    assert not load(f"auth = []\n{TWO}").is_protected("status")


def test_an_unknown_name_in_auth_is_refused(load: Load) -> None:
    text = refusal(load, f'auth = ["status", "stauts"]\n{TWO}')
    assert "`stauts`" in text
    assert "`status`" not in text


@pytest.mark.parametrize("declared", ["5", "None", "[1]", "[None]", "{'status': True}", 'b"status"', "True"])
def test_auth_of_another_shape_is_refused(load: Load, declared: str) -> None:
    assert "`auth`" in refusal(load, f"auth = {declared}\n{TWO}")


def test_a_handler_or_a_module_named_auth_declares_nothing(load: Load) -> None:
    handlers = load("def auth(context, request): ...\n")
    assert list(handlers.by_name) == ["auth"]
    assert handlers.protected == frozenset()
    assert load(f"import json as auth\n{TWO}").protected == frozenset()


def test_a_second_name_of_a_protected_handler_is_protected_too(load: Load) -> None:
    handlers = load(f'auth = ["status"]\n{TWO}state = status\n')
    assert handlers.is_protected("state")
    assert not handlers.is_protected("users")
