from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from devserver.errors import ConfigError
from devserver.project import load_project
from devserver.project.scaffold import TEMPLATES, create, find_template, name_from, templates

REPOSITORY = Path(__file__).parents[2]
NAMES = ["simple-voice-ivr", "call-forwarding", "sms-responder", "custom-endpoint", "empty"]

each_template = pytest.mark.parametrize("name", NAMES)


class NoKeyring:
    """A machine without a keyring; a project that asks it cannot start there."""

    def get(self, account: str) -> str | None:
        raise ConfigError(f"There is no keyring to look up {account}.")


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_templates_are_listed_in_order_and_none_lies_about_unlisted() -> None:
    assert [each.name for each in templates()] == NAMES
    assert sorted(path.name for path in TEMPLATES.iterdir() if path.is_dir()) == sorted(NAMES)
    assert all(each.description.endswith(".") for each in templates())


@each_template
def test_every_template_has_what_a_project_needs(name: str) -> None:
    paths = {target for target, _ in find_template(name).files}
    assert paths >= {"function.py", "sinch.json", ".env", ".gitignore", "README.md", "test_function.py"}


@each_template
def test_every_template_loads_without_a_warning_on_a_machine_without_keyring(name: str, tmp_path: Path) -> None:
    create(find_template(name), tmp_path / "my-line")
    project = load_project(tmp_path / "my-line", environ={}, keyring=NoKeyring())
    assert project.name == "my-line"
    assert project.warnings == ()


@each_template
def test_the_tests_of_every_template_pass_in_a_new_project(name: str, tmp_path: Path) -> None:
    create(find_template(name), tmp_path / "project")
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "devserver.testing.plugin",
            "-p",
            "no:cacheprovider",
            "-W",
            "error",
        ],
        cwd=tmp_path / "project",
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


@each_template
def test_a_new_project_keeps_its_secrets_and_data_out_of_git(name: str, tmp_path: Path) -> None:
    create(find_template(name), tmp_path / "project")
    ignored = (tmp_path / "project" / ".gitignore").read_text().splitlines()
    assert {".env", ".fn/", "data/", "storage/"} <= set(ignored)
    assert (tmp_path / "project" / ".env").stat().st_mode & 0o077 == 0


def test_the_example_of_the_repository_is_the_template() -> None:
    example = REPOSITORY / "fixtures" / "functions" / "simple-voice-ivr"
    for target, source in find_template("simple-voice-ivr").files:
        assert (example / target).read_bytes() == source.read_bytes(), target


def test_an_unknown_template_names_the_likely_one_or_all() -> None:
    with pytest.raises(ConfigError) as near:
        find_template("sms-response")
    assert near.value.hint == 'Did you mean "sms-responder"?'
    with pytest.raises(ConfigError) as far:
        find_template("../x")
    assert all(name in far.value.hint for name in NAMES)


@pytest.mark.parametrize(
    ("folder", "name"),
    [("pizza-line", "pizza-line"), ("My Line!", "My-Line"), ("...", "my-function"), ("å", "my-function"), ("_a", "a")],
)
def test_the_name_comes_from_the_folder(tmp_path: Path, folder: str, name: str) -> None:
    assert name_from(tmp_path / folder) == name


def test_a_new_project_gets_its_name_and_keeps_the_layout_of_the_file(tmp_path: Path) -> None:
    created = create(find_template("empty"), tmp_path / "x" / "y", name="other")
    text = (tmp_path / "x" / "y" / "sinch.json").read_text()
    assert text == (TEMPLATES / "empty" / "sinch.json").read_text().replace('"empty"', '"other"')
    assert json.loads(text)["name"] == created.name == "other"


@pytest.mark.parametrize("name", ["", "a b", "-a", "a/b", "x" * 64])
def test_a_name_that_no_deployment_could_have_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="is no name for a function"):
        create(find_template("empty"), tmp_path / "x", name=name)
    assert not (tmp_path / "x").exists()


def test_a_folder_with_files_is_refused_with_what_is_in_the_way(tmp_path: Path) -> None:
    for number in range(7):
        (tmp_path / f"f{number}").write_text("mine")
    before = files_of(tmp_path)
    with pytest.raises(ConfigError, match=r"it has f0, f1, f2, f3, f4 and 2 more\.") as caught:
        create(find_template("empty"), tmp_path)
    assert "--force" in caught.value.hint
    assert files_of(tmp_path) == before


def test_a_fresh_clone_counts_as_empty(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert "function.py" in create(find_template("empty"), tmp_path).written


def test_force_adds_what_is_missing_and_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "function.py").write_text("mine")
    (tmp_path / ".env").symlink_to(tmp_path / "nowhere")
    created = create(find_template("empty"), tmp_path, force=True)
    assert (tmp_path / "function.py").read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()
    assert set(created.kept) == {"function.py", ".env"}
    assert set(created.written) == {".gitignore", "README.md", "sinch.json", "test_function.py"}


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(ConfigError, match="is a file"):
        create(find_template("empty"), tmp_path / "x")
    with pytest.raises(ConfigError, match="cannot be written: Not a directory"):
        create(find_template("empty"), tmp_path / "x" / "y")
