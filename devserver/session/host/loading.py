"""Imports the user's project, from source and only from source.

Python's bytecode cache is validated by whole-second modification time and size, so two equal-sized saves within a
second serve the old code (lab.md 3.3). Files below the project root are therefore compiled from what is in the file
now; what was compiled before is reused only for byte-identical source (same path, same hash), which makes a reload of
fifty modules one compilation. Every file that was read is reported with its stamp, taken before it was read.

This module imports; it does not decide whether the result may serve.
"""

from __future__ import annotations

import importlib
import marshal
import os
import sys
from collections.abc import Iterable
from hashlib import blake2b
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, ExtensionFileLoader, FileFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

from devserver.session.frames import CompiledModule, ModuleFile

FOREIGN_FOLDERS = frozenset({".venv", "venv", "node_modules", "site-packages", ".git", ".fn", "__pycache__"})
_CO_OPTIMIZED = 0x1  # set for functions, not for class bodies


class Project:
    """The files of one project as this process sees them."""

    def __init__(self, root: str, known: Iterable[CompiledModule]) -> None:
        self.root = os.path.realpath(root)
        self.files: dict[str, ModuleFile] = {}
        self.compiled: list[CompiledModule] = []
        self._code = {(module.path, module.digest): marshal.loads(module.code) for module in known}  # noqa: S302 our own bytes, from our own gateway
        self._ready: dict[str, CodeType] = {}

    def precompile(self, paths: Iterable[str]) -> None:
        """Compile files before anything is imported, so that a syntax error leaves this process unspent."""
        # What an earlier attempt of this process has read may have changed since.
        self._ready.clear()
        self.files.clear()
        for path in paths:
            if path.endswith(".py") and self._is_ours(os.path.dirname(path)) and os.path.exists(path):
                self._ready[path] = self._read(path)

    def handler_names(self) -> set[str]:
        """Names of the public functions that `function.py` defines, read from its code without running it."""
        path = os.path.join(self.root, "function.py")
        code = self._ready.get(path) or self._read(path)
        self._ready[path] = code
        inner = (item for item in code.co_consts if isinstance(item, CodeType))
        return {item.co_name for item in inner if item.co_flags & _CO_OPTIMIZED and item.co_name[0] not in "_<"}

    def import_function(self) -> ModuleType:
        """Import `function.py`; everything it raises goes to the caller."""
        sys.path_hooks.insert(0, self._finder)
        sys.path.insert(0, self.root)
        sys.path_importer_cache.clear()
        return importlib.import_module("function")

    def code_of(self, path: str) -> CodeType:
        """The code of one file, as it is now or as `precompile` has just read it."""
        ready = self._ready.pop(path, None)
        return ready if ready is not None else self._read(path)

    def _read(self, path: str) -> CodeType:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            source = file.read()
        digest = blake2b(source, digest_size=16).digest()
        self.files[path] = ModuleFile(path, (status.st_mtime_ns, status.st_size, status.st_ino), digest)
        known: CodeType | None = self._code.get((path, digest))
        if known is not None:
            return known
        code: CodeType = compile(source, path, "exec", dont_inherit=True)
        self._code[path, digest] = code
        self.compiled.append(CompiledModule(path, digest, marshal.dumps(code)))
        return code

    def _is_ours(self, folder: str) -> bool:
        if folder != self.root and not folder.startswith(self.root + os.sep):
            return False
        return FOREIGN_FOLDERS.isdisjoint(folder[len(self.root) :].split(os.sep))

    def _finder(self, path: str) -> FileFinder:
        if not self._is_ours(os.path.realpath(path)):
            raise ImportError
        return FileFinder(path, (ExtensionFileLoader, EXTENSION_SUFFIXES), (self._loader, SOURCE_SUFFIXES))  # type: ignore[arg-type]

    def _loader(self, name: str, path: str) -> SourceFileLoader:
        return _Loader(name, path, self)


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, project: Project) -> None:
        super().__init__(name, path)
        self._project = project

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 the signature is importlib's
        return self._project.code_of(os.path.realpath(self.path))


def third_party(before: Iterable[str], root: str) -> list[str]:
    """Modules that an import brought in from outside the project, in the order in which they were imported."""
    known = set(before)
    return [name for name, module in list(sys.modules.items()) if name not in known and _is_preloadable(module, root)]


def _is_preloadable(module: Any, root: str) -> bool:
    spec = getattr(module, "__spec__", None)
    origin = getattr(spec, "origin", None)
    if spec is None or not isinstance(origin, str) or spec.name != getattr(module, "__name__", None):
        return False
    own = origin.startswith(root + os.sep) and "site-packages" not in origin
    return not own


def preload(names: Iterable[str]) -> None:
    """Import modules ahead of time; one that cannot be imported now will say so when the user's code wants it."""
    for name in names:
        if name not in sys.modules:
            try:
                importlib.import_module(name)
            except BaseException:  # noqa: BLE001, S112 the user's own import will raise it where it can be shown
                continue
