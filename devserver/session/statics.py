"""Files of `public/`, served at `/` (DESIGN 4). Names cannot lead out of the folder, not even by a symbolic link."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote


def find_public(root: Path, path: str, *, has_home: bool) -> Path | None:
    """The file that a GET of `path` asks for, or None.

    Args:
        root: folder of the project.
        path: as received, percent-encoded, without query.
        has_home: the function answers `/` itself, so `index.html` does not.
    """
    folder = root / "public"
    name = unquote(path).lstrip("/")
    if not name:
        if has_home:
            return None
        name = "index.html"
    if "\0" in name or "\\" in name or any(part.startswith(".") for part in name.split("/")):
        return None
    try:
        found = (folder / name).resolve()
        inside = found.is_relative_to(folder.resolve())
        return found if inside and found.is_file() else None
    except OSError:
        return None
