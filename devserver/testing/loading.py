"""The modules of a project, fresh for each test.

While a project is open, its root stands first on `sys.path`, and its files are compiled from what is in them now:
Python's bytecode cache, which tells files apart by whole seconds, is neither read nor written. Modules that a test file
has imported by itself (`import function`) are set aside meanwhile and come back: two tests never share a module's
state, and neither does a test with the file it stands in. Test files themselves stay where they are.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, ExtensionFileLoader, FileFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

_FOREIGN = frozenset({".venv", "venv", "node_modules", "site-packages", ".git", ".fn", "__pycache__"})
_ENTRY = "function"


@contextmanager
def opened(root: str, is_test: Callable[[str], bool]) -> Iterator[None]:
    """Inside, `import function` and all imports of the project's modules are fresh.

    Args:
        root: folder of the project, without symbolic links.
        is_test: whether a file, by its path below the root, belongs to the tests and not to the function.
    """
    aside = _take_out(root, is_test)
    hook = _finder(root)
    sys.path_hooks.insert(0, hook)
    sys.path.insert(0, root)
    _forget_finders(root)
    try:
        yield
    finally:
        _take_out(root, is_test)
        sys.modules.update(aside)
        sys.path.remove(root)
        sys.path_hooks.remove(hook)
        _forget_finders(root)


@contextmanager
def in_folder(root: str) -> Iterator[None]:
    """Inside, relative paths mean the project's files, as in `fn dev`."""
    before = os.getcwd()
    os.chdir(root)
    try:
        yield
    finally:
        with suppress(OSError):  # a test may have removed it
            os.chdir(before)


def import_function() -> ModuleType:
    """Import `function.py` of the project that is open; everything it raises goes to the caller."""
    return importlib.import_module(_ENTRY)


def _take_out(root: str, is_test: Callable[[str], bool]) -> dict[str, ModuleType]:
    """Remove the project's modules from `sys.modules`, and those of others that stand under their names."""
    taken = {}
    for name, module in list(sys.modules.items()):
        path = _path_of(module)
        ours = _is_ours(root, path)
        where = os.path.relpath(path, root) if ours else os.path.basename(path)
        if (ours or _stands_in_the_way(root, name)) and not is_test(where):
            taken[name] = sys.modules.pop(name)
    return taken


def _path_of(module: Any) -> str:
    path = getattr(module, "__file__", None)
    if isinstance(path, str):
        return os.path.realpath(path)
    try:
        folder = next(iter(getattr(module, "__path__", ())), "")  # a namespace package
    except (KeyError, TypeError):  # one whose parent has never been imported, as pytest makes them
        return ""
    return os.path.realpath(folder) if isinstance(folder, str) and folder else ""


def _is_ours(root: str, path: str) -> bool:
    if path != root and not path.startswith(root + os.sep):
        return False
    return _FOREIGN.isdisjoint(path[len(root) :].split(os.sep))


def _stands_in_the_way(root: str, name: str) -> bool:
    """Whether a module from elsewhere has a name that means a file of this project, such as another `function`."""
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names or top == "__main__":
        return False
    path = os.path.join(root, top)
    return os.path.isfile(f"{path}.py") or os.path.isfile(os.path.join(path, "__init__.py"))


def _forget_finders(root: str) -> None:
    for path in list(sys.path_importer_cache):
        if _is_ours(root, os.path.realpath(path)):
            del sys.path_importer_cache[path]
    importlib.invalidate_caches()


def _finder(root: str) -> Callable[[str], FileFinder]:
    def hook(path: str) -> FileFinder:
        if not _is_ours(root, os.path.realpath(path)):
            raise ImportError
        return FileFinder(path, (ExtensionFileLoader, EXTENSION_SUFFIXES), (_Loader, SOURCE_SUFFIXES))

    return hook


class _Loader(SourceFileLoader):
    """Loads from source, and only from source."""

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 the signature is importlib's
        with open(self.path, "rb") as file:
            return _compiled(self.path, file.read())


@lru_cache(maxsize=512)
def _compiled(path: str, source: bytes) -> CodeType:
    """The code of a file; the same source is compiled once, however many tests load it."""
    code: CodeType = compile(source, path, "exec", dont_inherit=True)
    return code
