from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import devserver
from devserver.clock import ManualClock
from devserver.runtime.backends import CacheError, MemoryCache
from devserver.runtime.setup import call_hook
from devserver.runtime.tracebacks import is_ours, render, summary

PACKAGE = Path(devserver.__file__).parent
Compile = Callable[[str], dict[str, Any]]


@pytest.fixture
def compiled(tmp_path: Path) -> Compile:
    """Names of a `function.py` made from source text."""

    def make(source: str) -> dict[str, Any]:
        path = tmp_path / "function.py"
        path.write_text(source)
        names: dict[str, Any] = {}
        exec(compile(source, str(path), "exec", dont_inherit=True), names)  # noqa: S102 the test's own text
        return names

    return make


async def failing(hook: Callable[..., Any], *arguments: Any) -> BaseException:
    """The exception of user code, raised through a frame of ours."""
    with pytest.raises(BaseException) as caught:  # noqa: PT011 any
        await call_hook(hook, *arguments)
    error = caught.value
    # What called us belongs to the test, not to the case.
    assert error.__traceback__ is not None
    error.__traceback__ = error.__traceback__.tb_next
    return error


def frames(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.startswith("  File ")]


async def test_only_the_users_frames_are_shown_relative_to_their_folder(compiled: Compile, tmp_path: Path) -> None:
    names = compiled("def inner():\n    return 1 / 0\n\nasync def hook():\n    return inner()\n")
    error = await failing(names["hook"])
    text = render(error, str(tmp_path))
    assert frames(text) == ['File "function.py", line 5, in hook', 'File "function.py", line 2, in inner']
    assert text.startswith("Traceback (most recent call last):\n  File")
    assert "    return 1 / 0\n" in text
    assert text.endswith("\nZeroDivisionError: division by zero")
    assert f'File "{tmp_path / "function.py"}"' in render(error)


async def test_frames_of_ours_below_the_users_are_left_out_too(compiled: Compile, tmp_path: Path) -> None:
    names = compiled("async def hook(cache):\n    await cache.set('key', object())\n")
    error = await failing(names["hook"], MemoryCache(ManualClock()))
    assert isinstance(error, CacheError)
    text = render(error, str(tmp_path))
    assert frames(text) == ['File "function.py", line 2, in hook']
    assert text.splitlines()[-1].endswith(str(error))


def test_our_frames_are_shown_when_there_is_nothing_else() -> None:
    async def broken() -> None:
        await MemoryCache(ManualClock()).set("", 1)

    with pytest.raises(CacheError) as caught:
        asyncio.run(broken())
    error = caught.value
    while error.__traceback__ is not None and not is_ours(error.__traceback__.tb_frame.f_code.co_filename):
        error.__traceback__ = error.__traceback__.tb_next
    assert str(PACKAGE) in render(error)


async def test_causes_and_contexts_are_cut_as_well(compiled: Compile, tmp_path: Path) -> None:
    names = compiled(
        "import asyncio\n"
        "async def hook(call, deep):\n"
        "    try:\n"
        "        try:\n"
        "            await call(deep)\n"
        "        except ValueError as error:\n"
        "            raise KeyError('second') from error\n"
        "    except KeyError:\n"
        "        raise RuntimeError('third')\n"
        "def deep():\n"
        "    raise ValueError('first')\n"
    )
    text = render(await failing(names["hook"], call_hook, names["deep"]), str(tmp_path))
    assert frames(text) == [
        'File "function.py", line 5, in hook',
        'File "function.py", line 11, in deep',
        'File "function.py", line 7, in hook',
        'File "function.py", line 9, in hook',
    ]
    assert "direct cause" in text
    assert "During handling" in text
    assert str(PACKAGE) not in text


async def test_a_context_that_was_put_aside_stays_aside(compiled: Compile) -> None:
    names = compiled(
        "def hook():\n    try:\n        1 / 0\n    except ZeroDivisionError:\n        raise KeyError('x') from None\n"
    )
    assert "ZeroDivisionError" not in render(await failing(names["hook"]))


async def test_every_member_of_an_exception_group_is_cut(compiled: Compile, tmp_path: Path) -> None:
    names = compiled(
        "import asyncio\n"
        "async def hook(call):\n"
        "    async with asyncio.TaskGroup() as group:\n"
        "        group.create_task(call(one))\n"
        "        group.create_task(call(two))\n"
        "def one():\n    raise ValueError('one')\n"
        "async def two():\n    raise KeyError('two')\n"
    )
    text = render(await failing(names["hook"], call_hook), str(tmp_path))
    assert str(PACKAGE) not in text
    assert 'File "function.py", line 7, in one' in text
    assert 'File "function.py", line 9, in two' in text
    assert "ExceptionGroup" in text


def test_the_frame_of_the_thread_that_called_is_left_out(compiled: Compile, tmp_path: Path) -> None:
    names = compiled("def hook():\n    raise ValueError('x')\n")
    with ThreadPoolExecutor(1) as threads:
        error = threads.submit(names["hook"]).exception()
    assert error is not None
    assert frames(render(error, str(tmp_path))) == ['File "function.py", line 2, in hook']


def test_an_import_shows_no_machinery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "outer_imported.py").write_text("import inner_imported\n")
    (tmp_path / "inner_imported.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ZeroDivisionError) as caught:
        importlib.import_module("outer_imported")
    text = render(caught.value, str(tmp_path))
    assert "importlib/__init__.py" not in text
    assert "<frozen" not in text
    assert frames(text)[-2:] == [
        'File "outer_imported.py", line 1, in <module>',
        'File "inner_imported.py", line 1, in <module>',
    ]


def test_a_deep_recursion_is_shown_short(compiled: Compile) -> None:
    names = compiled("def hook(n=0):\n    return hook(n + 1)\n")
    with pytest.raises(RecursionError) as caught:
        names["hook"]()
    assert len(render(caught.value).splitlines()) < 150


def test_a_chain_that_bites_its_tail_ends(compiled: Compile) -> None:
    one, two = ValueError("one"), KeyError("two")
    one.__cause__, two.__cause__ = two, one
    assert "one" in render(one)


@pytest.mark.parametrize("name", ["devserver2/function.py", "devserver-examples/function.py", "devserver.py"])
def test_a_neighbour_whose_name_begins_like_ours_is_not_ours(name: str) -> None:
    assert not is_ours(str(PACKAGE.parent / name))


def test_our_files_and_pythons_import_machinery_are_ours() -> None:
    assert is_ours(str(PACKAGE / "runtime" / "application.py"))
    assert is_ours("<frozen importlib._bootstrap>")
    assert not is_ours(json.__file__)
    assert not is_ours("<string>")


# --- the last line


class Silent(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("x"), "ValueError: x"),
        (ValueError(), "ValueError"),
        (SystemExit(3), "SystemExit: 3"),
        (json.JSONDecodeError("Bad", "doc", 0), "json.decoder.JSONDecodeError: Bad: line 1 column 1 (char 0)"),
        (OSError("file \udcff"), "OSError: file \\udcff"),
        (ExceptionGroup("two", [ValueError(), KeyError()]), "ExceptionGroup: two (2 sub-exceptions)"),
    ],
)
def test_the_summary_is_class_and_message(error: BaseException, text: str) -> None:
    assert summary(error) == text


def test_the_summary_of_a_syntax_error_has_no_source() -> None:
    with pytest.raises(SyntaxError) as caught:
        compile("a b", "function.py", "exec")
    assert summary(caught.value).startswith("SyntaxError: ")
    assert "\n" not in summary(caught.value)


def test_an_error_that_cannot_be_shown_is_still_told() -> None:
    assert "Silent" in summary(Silent())
    assert "Silent" in render(Silent())


def test_the_text_can_always_be_encoded() -> None:
    render(ValueError("\ud800")).encode()
    summary(ValueError("\ud800")).encode()


def test_a_syntax_error_found_by_us_is_shown_by_its_file_and_line_alone(tmp_path: Path) -> None:
    path = str(tmp_path / "function.py")
    with pytest.raises(SyntaxError) as caught:
        compile("async def ice(\n", path, "exec")
    caught.value.__traceback__ = None

    text = render(caught.value, str(tmp_path))

    assert text.startswith('  File "function.py", line 1')
    assert "Traceback" not in text
    assert text.endswith("SyntaxError: '(' was never closed")
