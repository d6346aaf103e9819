from __future__ import annotations

import os
import py_compile
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from devserver.session.frames import Loaded
from devserver.session.host.loading import Project, preload, third_party
from tests.session.hosts import Heard, ask, function, load, spare

STATUS = "\nasync def status(context, request):\n    return {}\n"


async def answer(folder: Path) -> bytes:
    async with spare(folder, Heard()) as host:
        loaded = await host.load(load(folder))
        assert isinstance(loaded, Loaded), loaded
        return (await ask(host)).body


async def test_packages_of_the_project_are_imported_and_their_files_reported(tmp_path: Path) -> None:
    (tmp_path / "demo" / "lib" / "inner").mkdir(parents=True)
    (tmp_path / "demo" / "lib" / "__init__.py").write_text("")
    (tmp_path / "demo" / "lib" / "inner" / "words.py").write_text("from .. import inner\nWORD = 'deep'\n")
    folder = function(tmp_path / "demo", "from lib.inner.words import WORD" + STATUS.format("WORD"))
    async with spare(folder) as host:
        loaded = await host.load(load(folder))

        assert isinstance(loaded, Loaded)
        names = {os.path.relpath(file.path, folder) for file in loaded.files}
        assert names == {"function.py", "lib/__init__.py", "lib/inner/words.py"}
        assert {module.path for module in loaded.compiled} == {file.path for file in loaded.files}
        assert not [name for name in loaded.third_party if name.startswith(("lib", "function"))]
        assert (await ask(host)).body == b"deep"


async def test_bytecode_is_neither_read_nor_written(tmp_path: Path) -> None:
    folder = function(tmp_path / "demo", "from words import WORD" + STATUS.format("WORD"))
    source = folder / "words.py"
    source.write_text("WORD = 'old'\n")
    os.utime(source, (1_700_000_000, 1_700_000_000))
    planted = Path(str(py_compile.compile(str(source))))
    before = planted.read_bytes()
    source.write_text("WORD = 'new'\n")  # as long as before, and of the same second: the cache looks valid
    os.utime(source, (1_700_000_000, 1_700_000_000))

    assert await answer(folder) == b"new"
    assert planted.read_bytes() == before
    assert [path.name for path in planted.parent.iterdir()] == [planted.name]


async def test_code_that_is_known_is_used_for_the_same_source_only(tmp_path: Path) -> None:
    folder = function(tmp_path / "demo", STATUS.format("'one'"))
    async with spare(folder) as host:
        first = await host.load(load(folder))
    assert isinstance(first, Loaded)

    async with spare(folder, code=first.compiled) as host:
        second = await host.load(load(folder))
        assert isinstance(second, Loaded)
        assert second.compiled == []
        assert (await ask(host)).body == b"one"

    function(folder, STATUS.format("'two'"))
    async with spare(folder, code=first.compiled) as host:
        third = await host.load(load(folder))
        assert isinstance(third, Loaded)
        assert [module.path for module in third.compiled] == [str(folder / "function.py")]
        assert (await ask(host)).body == b"two"


async def test_third_party_modules_are_reported_and_can_be_preloaded(tmp_path: Path) -> None:
    outside = tmp_path / "site"
    outside.mkdir()
    (outside / "third.py").write_text("import sys\nAT = 'function' in sys.modules\n")
    add = f"import sys\nsys.path.append({str(outside)!r})\nimport third\n"
    folder = function(tmp_path / "demo", add + STATUS.format("str(third.AT)"))
    async with spare(folder) as host:
        first = await host.load(load(folder))
        assert isinstance(first, Loaded)
        assert "third" in first.third_party
        assert (await ask(host)).body == b"True"
    async with spare(folder, preload=["colorsys", "no_such_module"]) as host:
        again = await host.load(load(folder))
        assert isinstance(again, Loaded)


async def test_a_module_of_the_user_may_have_the_name_of_one_of_the_library(tmp_path: Path) -> None:
    folder = function(tmp_path / "demo", "import colorsys" + STATUS.format("colorsys.WORD"))
    (folder / "colorsys.py").write_text("WORD = 'mine'\n")

    assert await answer(folder) == b"mine"


async def test_extension_modules_of_the_project_are_imported_as_ever(tmp_path: Path) -> None:
    folder = function(tmp_path / "demo", "import _fast" + STATUS.format("_fast.__file__"))
    here = folder / f"_fast{EXTENSION_SUFFIXES[0]}"
    here.write_bytes(b"no library at all")
    async with spare(folder) as host:
        refused = await host.load(load(folder))

    assert not isinstance(refused, Loaded)
    assert refused.text.startswith("ImportError")
    assert "_fast" in refused.traceback or "_fast" in refused.text


def test_handlers_are_found_without_running_anything(tmp_path: Path) -> None:
    text = "1 / 0\nasync def ice(): ...\ndef other(): ...\ndef _private(): ...\nclass Thing: ...\nf = lambda: 1\n"
    folder = function(tmp_path, text)

    assert Project(str(folder), []).handler_names() == {"ice", "other"}


def test_what_does_not_compile_is_found_before_anything_is_imported(tmp_path: Path) -> None:
    folder = function(tmp_path, "x = 1\n")
    broken = folder / "lib.py"
    broken.write_text("def broken(:\n")

    with pytest.raises(SyntaxError):
        Project(str(folder), []).precompile([str(folder / "function.py"), str(broken)])


def test_what_is_not_of_the_project_is_not_compiled_ahead(tmp_path: Path) -> None:
    folder = function(tmp_path / "demo", "x = 1\n")
    (tmp_path / "outside.py").write_text("x = 1\n")
    (folder / ".venv").mkdir()
    (folder / ".venv" / "inside.py").write_text("x = 1\n")
    paths = [tmp_path / "outside.py", folder / ".venv" / "inside.py", folder / "gone.py", folder / "function.py"]
    project = Project(str(folder), [])
    project.precompile(str(path) for path in paths)

    assert list(project.files) == [str(folder / "function.py")]


def test_a_file_is_read_once_between_compiling_and_importing(tmp_path: Path) -> None:
    folder = function(tmp_path, "x = 1\n")
    path = str(folder / "function.py")
    project = Project(str(folder), [])
    project.precompile([path])
    ready = project._ready[path]

    assert project.code_of(path) is ready
    (folder / "function.py").write_text("x = 2\n")
    assert project.code_of(path).co_consts[0] == 2
    assert project.files[path].stamp[1] == len("x = 2\n")


def test_third_party_is_what_came_from_outside_in_its_order() -> None:
    before = frozenset(sys.modules) - {"json", "json.decoder"}
    preload(["json", "no_such_module_at_all"])

    assert third_party(before, "/nowhere") == [name for name in sys.modules if name in {"json", "json.decoder"}]
