"""What README.md and ARCHITECTURE.md say is true of the code, as far as a program can tell."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import msgspec
import pytest

import devserver
from devserver.cli.entry import fn
from devserver.project import DevSettings
from devserver.project.scaffold import templates
from devserver.project.settings import CloudSettings, Manifest
from devserver.recorder.exchange import Answer, Exchange, Request, Summary
from devserver.recorder.replay import Replayed, Run, shape
from devserver.recorder.shapes import exchange_shape, summary_shape
from devserver.recorder.takes import from_exchange
from devserver.runtime import MenuTemplates, parse_event
from devserver.runtime.builders import SvamlBuilder
from devserver.runtime.clients.unlocking import UNLOCKED_BY
from devserver.runtime.handlers import find_handlers
from devserver.session.scenarios import run_files
from devserver.svaml import check

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "devserver" / "ARCHITECTURE.md").read_text()
PYTHON_BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def section(title: str) -> str:
    """The text below a heading, up to the next one of its rank."""
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^\1 |\Z)", README, re.DOTALL | re.MULTILINE)
    assert found is not None, f"README has no section {title!r}"
    return found[2]


def row(start: str, where: str = README) -> str:
    """The row of a table whose first cell begins so."""
    rows = [line for line in where.splitlines() if re.match(rf"\| `{re.escape(start)}\b", line)]
    assert rows, f"README has no row for {start!r}"
    return rows[0]


def code(text: str) -> set[str]:
    """Everything between single backticks."""
    return set(re.findall(r"`([^`\n]+)`", text))


# --- commands ---------------------------------------------------------------------------------------------------


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with its whole name."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    context = click.Context(command)
    for part in command.list_commands(context):
        inner = command.get_command(context, part)
        assert inner is not None
        yield from commands(inner, f"{name} {part}")


COMMANDS = dict(commands(fn, "fn"))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_row_with_all_its_options(name: str) -> None:
    described = row(name)
    options = [each for each in COMMANDS[name].params if isinstance(each, click.Option)]
    for option in options:
        for spelling in (*option.opts, *option.secondary_opts):
            assert re.search(rf"`{re.escape(spelling)}[ `]", described), f"{name} {spelling} is not in its row"


def test_a_row_names_no_option_that_is_not_there() -> None:
    for name, command in COMMANDS.items():
        real = {spelling for option in command.params for spelling in (*option.opts, *option.secondary_opts)}
        named = set(re.findall(r"`(--[a-z-]+)", row(name)))
        assert named <= real | {"--help"}, name


def test_the_options_of_fn_itself_are_mentioned() -> None:
    for option in fn.get_params(click.Context(fn)):
        for spelling in option.opts:
            assert re.search(rf"`[^`]*{re.escape(spelling)}`", section("Commands")), spelling


# --- settings and variables -------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", msgspec.structs.fields(DevSettings), ids=lambda field: field.encode_name)
def test_every_dev_setting_is_listed_with_its_default(field: Any) -> None:
    default = row(field.encode_name, section("sinch.json")).split("|")[2].strip().strip("`")
    usual = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    if isinstance(usual, CloudSettings):
        assert default == "{}"
        return
    assert json.loads(default) == msgspec.to_builtins(usual)


@pytest.mark.parametrize("field", msgspec.structs.fields(CloudSettings), ids=lambda field: field.encode_name)
def test_every_setting_of_the_local_sinch_is_listed_with_its_default(field: Any) -> None:
    default = row(field.encode_name, section("The local Sinch")).split("|")[2].strip().strip("`")
    usual = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    assert json.loads(default) == msgspec.to_builtins(usual)


def test_every_key_of_the_manifest_that_is_ours_to_read_is_listed() -> None:
    others = {"createdResources", "projectId"}
    for field in msgspec.structs.fields(Manifest):
        if field.encode_name not in others:
            assert any(each.partition(".")[0] == field.encode_name for each in code(section("sinch.json")))


def test_every_variable_that_unlocks_a_client_is_listed() -> None:
    listed = {each.partition("=")[0] for each in code(section("Context"))}
    for names in UNLOCKED_BY.values():
        assert set(names) <= listed


# --- events and JSON --------------------------------------------------------------------------------------------


def name_of(function: ast.expr) -> str:
    """The last name of what is called."""
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def told() -> Iterator[tuple[str, list[str]]]:
    """Each `tell("kind", field=...)` of the session: kind and the names of the fields."""
    for path in sorted((ROOT / "devserver" / "session").glob("*.py")):  # the host tells other things
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and name_of(node.func) in {"tell", "_tell"}:
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield first.value, [each.arg for each in node.keywords if each.arg]


def an_exchange() -> Exchange:
    request = Request("POST", "/ice", (), b"{}")
    return Exchange("01", 0.0, "c1", "ice", "local", request, Answer(200, (), b"{}"), ms=1.0)


def finished() -> tuple[set[str], set[str]]:
    """Kinds and fields of what is told about requests, from the one function that puts them together."""
    tree = ast.parse((ROOT / "devserver" / "session" / "exchange.py").read_text())
    (function,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "telling")
    kinds, fields = set(), set()
    for node in ast.walk(function):
        match node:
            case ast.Return(value=ast.Tuple(elts=[ast.Constant(value=str(kind)), *_])):
                kinds.add(kind)
            case ast.Dict(keys=keys):
                fields |= {str(key.value) for key in keys if isinstance(key, ast.Constant)}
            case ast.Subscript(slice=ast.Constant(value=str(field)), ctx=ast.Store()):
                fields.add(field)
    return kinds, fields


def test_every_event_of_the_session_is_listed() -> None:
    events = section("Events of `fn dev --json`")
    kinds = {kind for kind, _ in told()} | finished()[0]
    assert {"ready", "reload", "load_error", "log", "stopping", "callback", "request"} <= kinds
    assert kinds <= code(events)


def test_no_event_is_listed_that_is_never_told() -> None:
    events = section("Events of `fn dev --json`")
    listed = set(re.findall(r"^\| `(\w+)` \|", events, re.MULTILINE))
    assert listed <= {kind for kind, _ in told()} | finished()[0]


def test_every_field_of_an_event_is_listed_in_its_row() -> None:
    events = section("Events of `fn dev --json`")
    for kind, fields in told():
        if kind != "more":  # for people only
            assert set(fields) <= code(row(kind, events)), kind
    assert finished()[1] <= code(row("callback", events))


def test_the_shapes_of_recordings_and_replays_have_every_key() -> None:
    shapes = section("Recordings and replays")
    exchange = an_exchange()
    summary = summary_shape(Summary("01", "c1", "ice", "local", "POST", "/ice", 200, 0.0, 1.0))
    replayed = shape([Replayed(from_exchange(exchange), Run("02", 0.0, Answer(200, (), b"{}")), ())])
    full = exchange_shape(exchange)
    for keys in (summary, full, full["request"], full["response"], replayed, replayed["results"][0]):
        for key in keys:
            assert f'"{key}"' in shapes, key


def is_test(block: str) -> bool:
    return block.startswith("def test_")


# --- functions --------------------------------------------------------------------------------------------------


def as_module(source: str) -> ModuleType:
    module = ModuleType("function_of_the_readme")
    sys.modules[module.__name__] = module
    exec(compile(source, "README.md", "exec", dont_inherit=True), vars(module))  # noqa: S102 our own README
    return module


@pytest.mark.parametrize(
    "source", [block for block in PYTHON_BLOCKS if not is_test(block)], ids=lambda source: source.splitlines()[0]
)
def test_every_block_of_python_is_a_function_py_that_can_be_loaded(source: str) -> None:
    assert not find_handlers(as_module(source)).misfits


def test_the_tests_of_the_readme_pass_on_its_function(tmp_path: Path) -> None:
    (tmp_path / "sinch.json").write_text('{"name": "readme"}')
    (tmp_path / "function.py").write_text(next(block for block in PYTHON_BLOCKS if "create_menu" in block))
    (tmp_path / "test_function.py").write_text(next(filter(is_test, PYTHON_BLOCKS)))

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert "1 passed, 1 skipped" in done.stdout  # there is no recorded call


async def test_the_complete_function_answers_with_markup_that_the_rules_accept() -> None:
    source = next(block for block in PYTHON_BLOCKS if "create_menu" in block)
    handlers = find_handlers(as_module(source)).by_name
    assert set(handlers) == {"ice", "pie", "status"}
    answers = {
        "ice": await handlers["ice"].call(None, parse_event("ice", {"callid": "c1"})),
        "sales": await handlers["pie"].call(None, parse_event("pie", {"menuResult": {"value": "sales"}})),
        "none": await handlers["pie"].call(None, parse_event("pie", {})),
    }
    assert [answers[name]["action"]["name"] for name in ("ice", "sales", "none")] == [
        "runMenu",
        "connectPstn",
        "hangup",
    ]
    for name, answer in answers.items():
        assert not check(answer, "ice" if name == "ice" else "pie")
    assert (await handlers["status"].call(None, None))["body"] == {"ok": True}


def public(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


def test_every_instruction_and_action_of_the_builders_is_listed() -> None:
    methods = public(SvamlBuilder) - {"build", "to_dict", "event"}
    assert methods <= code(section("Builders"))


def test_every_menu_template_is_listed() -> None:
    assert public(MenuTemplates) <= code(section("Menus"))


def test_the_readme_counts_the_templates_right() -> None:
    assert "Five templates" in README
    assert len(templates()) == 5


# --- files ------------------------------------------------------------------------------------------------------


def test_every_path_of_the_readme_exists() -> None:
    paths = set(re.findall(r"(?<![\w./-])(?:scripts|fixtures|devserver|\.ci)/[\w./-]*\w", README))
    assert len(paths) > 5
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_architecture_names_only_files_that_exist() -> None:
    homes = (ROOT, ROOT / "devserver", ROOT / "devserver" / "session")
    of_the_user = {"function.py"}
    names = set(re.findall(r"[\w./-]+\.(?:py|toml|md)\b|devserver/[\w/]+/", ARCHITECTURE)) - of_the_user
    assert len(names) > 20
    assert [name for name in sorted(names) if not any((home / name).exists() for home in homes)] == []


def test_architecture_names_every_frame() -> None:
    from devserver.session import frames

    for kind in (*frames.ToHost.__args__, *frames.ToGateway.__args__):
        assert f"`{kind.__name__}`" in ARCHITECTURE


def test_the_life_of_a_callback_has_ten_lines_with_a_file_each() -> None:
    lines = re.findall(r"^(\d+)\. .*? (devserver/\S+\.py)$", devserver.__doc__ or "", re.MULTILINE)
    assert [int(number) for number, _ in lines] == list(range(1, 11))
    assert [path for _, path in lines if not (ROOT / path).is_file()] == []


def test_the_scenario_of_the_readme_passes_on_the_example(tmp_path: Path) -> None:
    block = re.search(r"^```yaml\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    assert block is not None
    file = tmp_path / "readme.yaml"
    file.write_text(block[1])
    example = tmp_path / "example"
    shutil.copytree(ROOT / "fixtures" / "functions" / "simple-voice-ivr", example)

    (played,) = run_files(example, [file])

    assert not played.failures
