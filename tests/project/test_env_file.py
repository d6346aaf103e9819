from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devserver.errors import ConfigError
from devserver.project.env_file import read_env_file


def read(folder: Path, text: str | bytes) -> dict[str, str]:
    (folder / ".env").write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_env_file(folder)


def refusal(folder: Path, text: str | bytes) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    return caught.value


def test_no_file_is_no_keys(tmp_path: Path) -> None:
    assert read_env_file(tmp_path) == {}


def test_values_are_read_with_quotes_comments_export_and_empty_keys(tmp_path: Path) -> None:
    text = "# c\nA=1 # one\nexport B='two # 2'\n\nC=\nD=\"x\ny\"\nA=last\n"
    assert read(tmp_path, text) == {"A": "last", "B": "two # 2", "C": "", "D": "x\ny"}


def test_nothing_is_filled_in_so_that_passwords_arrive_unchanged(tmp_path: Path) -> None:
    assert read(tmp_path, "A=1\nB=${A}$A\n") == {"A": "1", "B": "${A}$A"}


def test_byte_order_mark_and_windows_line_ends_are_taken_as_meant(tmp_path: Path) -> None:
    assert read(tmp_path, b'\xef\xbb\xbfA=1\r\nB="x\r\ny"\r\nC=\r\n') == {"A": "1", "B": "x\ny", "C": ""}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A=1\n\nMIIEsecret\n", '.env line 3: there is no "=" after the key.'),
        ('A=1\n\n\nB="secret\n', ".env line 4: this is not KEY=value."),
        ("=secret\n", ".env line 1: this is not KEY=value."),
        ("'A=secret'=1\n", ".env line 1: this is not KEY=value."),
        ("A=secret\0\n", ".env line 1: there is a NUL, which no environment variable can hold."),
        (b"A=1\nB=\xff\n", ".env line 2: this is not UTF-8 text."),
        ("A=1\n".encode("utf-16"), ".env line 1: this is not UTF-8 text."),
    ],
)
def test_a_wrong_line_is_named_by_number_and_never_shown(tmp_path: Path, text: str | bytes, message: str) -> None:
    error = refusal(tmp_path, text)
    assert error.message == message
    assert "secret" not in str(error)


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    with pytest.raises(ConfigError, match=r"^\.env cannot be read: Is a directory"):
        read_env_file(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet="AB= \"'#$\\\n\r\0\té", max_size=30))
def test_every_text_is_read_or_refused_and_what_is_read_fits_an_environment(tmp_path: Path, text: str) -> None:
    with contextlib.suppress(ConfigError):
        for name, value in read(tmp_path, text).items():
            os.environ[f"_{name}"] = value
            del os.environ[f"_{name}"]
