from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.recorder.python_text import WIDTH, call, literal, text

# Plain characters, quotes, escapes, controls, other scripts, half a surrogate pair.
CHARACTERS = st.sampled_from("ab \"'\\\n\r\t\0\x1b\x7f\x85é中\u2028\U0001f4de\ud800{}#")
TEXTS = st.text(CHARACTERS, max_size=80)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.integers(0, 60))
def test_every_value_comes_back(value: Any, before: int) -> None:
    assert ast.literal_eval(literal(value, 4, before)) == value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("it's", '"it\'s"'),
        ('say "hi"', "'say \"hi\"'"),
        ("both ' and \"", '"both \' and \\""'),
        ("line\nnext", '"line\\nnext"'),
        (b"\x00a\"b'", b'b"\\x00a\\"b\'"'.decode()),
        ("żółć 📞", '"żółć 📞"'),
        ("\ud800", '"\\ud800"'),
    ],
)
def test_quotes_are_those_that_need_fewer_escapes(value: str | bytes, written: str) -> None:
    assert text(value) == written


def test_what_fits_stands_on_one_line_and_what_does_not_has_a_line_each() -> None:
    assert call("f", ["a"], {"b": 1}, indent=0, target="x") == 'x = f("a", b=1)'
    assert (
        call("f", ["a" * 80], {"b": ["c" * 40]}, indent=4)
        == f'    f(\n        "{"a" * 80}",\n        b=["{"c" * 40}"],\n    )'
    )


@given(st.lists(VALUES, min_size=1, max_size=8))
def test_generated_calls_are_python(values: list[Any]) -> None:
    source = "\n".join(call("f", [value], {"k": value}, indent=0) for value in values)
    ast.parse(source)


def test_it_is_laid_out_as_a_formatter_would(tmp_path: Path) -> None:
    long = {"key": ["v" * 50, {"a": "b" * 70, "c": ['"', "'", 'it\'s "both"']}], "other": {"x" * 60: "y" * 60}}
    lines = [
        call("f", ["ice", long], {"named": long, "few": []}, indent=0, target="answer"),
        f"x = {literal(long, 0, 4)}",
    ]
    (tmp_path / "made.py").write_text("\n".join(lines) + "\n")
    formatter = [sys.executable, "-m", "ruff", "format", "--diff", "--isolated", "--line-length", str(WIDTH), "made.py"]
    run = subprocess.run(formatter, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
