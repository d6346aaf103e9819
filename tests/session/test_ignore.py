from __future__ import annotations

from pathlib import Path

from devserver.session.ignore import Ignore


def make(root: Path, *folders: str) -> None:
    for folder in folders:
        (root / folder).mkdir(parents=True)


def watched(root: Path, *patterns: str) -> set[str]:
    return {str(Path(folder).relative_to(root)) for folder in Ignore(str(root), patterns).folders()}


def test_folders_of_tools_and_of_data_are_not_watched(tmp_path: Path) -> None:
    make(tmp_path, "lib/inner", ".venv/lib", "node_modules/x", ".git/refs", ".fn", "lib/__pycache__", "storage", "data")

    assert watched(tmp_path) == {".", "lib", "lib/inner"}


def test_assets_and_public_are_quiet_at_the_root_only(tmp_path: Path) -> None:
    make(tmp_path, "assets/sounds", "public", "lib/assets")

    assert watched(tmp_path) == {".", "lib", "lib/assets"}


def test_what_gitignore_ignores_is_not_watched(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("build/\n/out\n!lib/build/\n")
    make(tmp_path, "build", "out", "lib/build", "lib/out")

    assert watched(tmp_path) == {".", "lib", "lib/build", "lib/out"}


def test_a_gitignore_further_down_counts_below_it(tmp_path: Path) -> None:
    make(tmp_path, "lib/cache", "cache")
    (tmp_path / "lib" / ".gitignore").write_text("cache\n")

    assert watched(tmp_path) == {".", "lib", "cache"}


def test_the_gitignore_of_the_repository_above_counts(tmp_path: Path) -> None:
    make(tmp_path, ".git", "functions/one/generated")
    (tmp_path / ".gitignore").write_text("generated/\n")
    root = tmp_path / "functions" / "one"

    assert watched(root) == {"."}


def test_patterns_of_the_settings_count(tmp_path: Path) -> None:
    make(tmp_path, "notes", "lib")

    assert watched(tmp_path, "notes/") == {".", "lib"}


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    make(tmp_path, "lib")
    (tmp_path / "loop").symlink_to(tmp_path)

    assert watched(tmp_path) == {".", "lib"}
