from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from devserver.session.host.importing import Imports

MODULES = {
    "project/outer.py": "import time\ntime.sleep(0.03)\nimport inner\nimport others.one\n",
    "project/inner.py": "import time\ntime.sleep(0.06)\n",
    "site/others/__init__.py": "",
    "site/others/one.py": "import time\ntime.sleep(0.02)\nfrom others import two\n",
    "site/others/two.py": "import time\ntime.sleep(0.02)\n",
    "project/broken.py": "import time\ntime.sleep(0.02)\nraise ValueError('no')\n",
    "project/quick.py": "",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name, text in MODULES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(tmp_path / "project")
    monkeypatch.syspath_prepend(tmp_path / "site")
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_modules_are_named_by_their_own_time_and_packages_of_others_as_one(folder: Path) -> None:
    imports = Imports(str(folder / "project"))
    with imports.measured():
        importlib.import_module("outer")
    (first, inner), (second, others), (third, outer) = imports.slowest()

    assert (first, second, third) == ("inner", "others", "outer")
    assert 60 <= inner < 90
    assert 40 <= others < 60
    assert 30 <= outer < 60


def test_an_import_that_fails_is_measured_and_fails(folder: Path) -> None:
    imports = Imports(str(folder / "project"))
    with imports.measured(), pytest.raises(ValueError, match="no"):
        importlib.import_module("broken")
    assert [name for name, _ in imports.slowest()] == ["broken"]


def test_what_takes_no_time_and_what_other_threads_import_is_not_named(folder: Path) -> None:
    imports = Imports(str(folder / "project"))
    with imports.measured():
        importlib.import_module("quick")
        other = threading.Thread(target=importlib.import_module, args=("inner",))
        other.start()
        other.join()
    assert imports.slowest() == []


def test_afterwards_python_imports_as_before(folder: Path) -> None:
    machinery: Any = importlib._bootstrap
    before = machinery._find_and_load
    with Imports(str(folder)).measured():
        assert machinery._find_and_load is not before
    assert machinery._find_and_load is before


def test_a_python_without_that_function_is_not_measured(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devserver.session.host.importing._FUNCTION", "_of_a_later_version")
    imports = Imports(str(folder / "project"))
    with imports.measured():
        importlib.import_module("inner")
    assert imports.slowest() == []
