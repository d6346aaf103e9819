"""What leaves the machine: without secrets, without numbers, with the same pseudonyms each time."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import pytest

from devserver.errors import FnError
from devserver.recorder.exchange import Effect, Exchange, Request
from devserver.recorder.export import FORMATS, Signer, cleaned, own_numbers, put_out, rendered, salt_of
from devserver.recorder.portable import PortableCall, State
from devserver.recorder.redaction import Redactor

ANNA = "46701234567"
CALL = PortableCall(
    "c1",
    [Exchange("a", 1.0, "c1", "ice", "local", Request("POST", "/ice", (), f'{{"cli":"{ANNA}","t":"hush"}}'.encode()))],
    State([], {"a": b"hush", "b": b"\xff"}, b"SQLite"),
)


def test_the_salt_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    made = salt_of(tmp_path)
    assert len(made) >= 32
    assert salt_of(tmp_path) == made
    assert stat.S_IMODE((tmp_path / "salt").stat().st_mode) == 0o600
    (tmp_path / "salt").write_bytes(made[:5])
    assert len(salt_of(tmp_path)) >= 32


def test_a_salt_that_cannot_be_read_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "salt").mkdir()
    with pytest.raises(FnError, match="cannot be read"):
        salt_of(tmp_path)


def test_secrets_go_in_any_case_and_numbers_unless_they_are_kept() -> None:
    redact = Redactor({"T": "hush"})
    pseudonyms = cleaned("p", [CALL], redact=redact, salt=b"x" * 32)
    kept = cleaned("p", [CALL], redact=redact, salt=None)
    for portable in (pseudonyms, kept):
        assert b"hush" not in portable.calls[0].exchanges[0].request.body
    assert (pseudonyms.numbers, kept.numbers) == ("pseudonyms", "kept")
    assert ANNA.encode() not in pseudonyms.calls[0].exchanges[0].request.body
    assert ANNA.encode() in kept.calls[0].exchanges[0].request.body
    assert pseudonyms.calls[0].state == State([], {"a": b"[secret T]"}, None)
    assert kept.calls[0].state == State([], {"a": b"[secret T]", "b": b"\xff"}, b"SQLite")


def test_a_number_of_the_project_stays_unless_it_called() -> None:
    redact = Redactor({})
    answer = Effect("outbound", "POST", "http://x/", value={"sent": '{"to":"12025550110"}'})
    call = PortableCall(
        "c1", [*CALL.exchanges, Exchange("b", 2.0, "c1", None, "local", Request("GET", "/", (), b""), effects=[answer])]
    )
    own = frozenset({ANNA, "12025550110"})
    made = cleaned("p", [call], redact=redact, salt=b"x" * 32, own=own).calls[0].exchanges
    assert ANNA.encode() not in made[0].request.body
    assert made[1].effects == [answer]


def test_numbers_of_the_project_are_those_in_its_code(tmp_path: Path) -> None:
    (tmp_path / "function.py").write_text(
        "A = '+1 202-555-0110'\nB = \"12025550111\"\nC = 12025550112 # +12025550113\n"
    )
    (tmp_path / "sinch.json").write_text('{"variables": {"D": "+12025550114"}}')
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "lines.py").write_bytes(b"E = '+12025550115'  # \xff")
    (tmp_path / ".env").write_text("F=+12025550116")
    (tmp_path / "test_function.py").write_text("G = '+12025550117'")
    for left_out in ("tests", ".hidden", "venv"):
        (tmp_path / left_out).mkdir()
        (tmp_path / left_out / "x.py").write_text("H = '+12025550118'")
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    assert own_numbers(tmp_path) == {f"1202555011{n}" for n in (0, 1, 3, 4, 5)}


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_can_be_made(form: str) -> None:
    portable = cleaned("p", [CALL], redact=Redactor({}), salt=None)
    wanted = next(each for each in FORMATS if each == form)
    assert b"".join(rendered(portable, wanted, signer=Signer(), now="2026-07-01T12:00:00Z"))


class Full(io.RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, _: object) -> int:
        raise OSError(28, "No space left on device")


def test_output_that_cannot_be_written_is_one_sentence() -> None:
    with pytest.raises(FnError, match="The output cannot be written: the disk is full"):
        put_out(io.BufferedWriter(Full()).detach(), iter([b"x"]))  # type: ignore[arg-type]
