"""`fn call`: what is asked for, before anything is called."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from devserver.cli.call import call
from devserver.errors import FnError


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(call, [*arguments, "--dir", str(folder)], catch_exceptions=False)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--speed", "fast"), '"fast" is no speed'),
        (("--speed", "-1"), '"-1" is no speed'),
        (("--speed", "nan"), '"nan" is no speed'),
        (("--speed", "1e9"), '"1e9" is no speed'),
        (("--kind", "fax"), "fax"),
        (("--callee", "asleep"), "asleep"),
        (("--hangup-after", "-1"), "-1"),
        (("--count", "0"), "0 is not in the range"),
        (("--concurrency", "3"), "--concurrency belongs to --count"),
        (("--seed", "3"), "--seed belongs to --keys random"),
        (("--seed", "3", "--keys", "1"), "--seed belongs to --keys random"),
        (("--count", "3", "--say"), "of one call"),
        (("--keys", "random", "--callee", "busy"), "draws what is said and who answers"),
        (("a.yaml", "--keys", "1"), "--keys does not go with a scenario"),
        (("a.yaml", "--speed", "real"), "--speed does not go with a scenario"),
    ],
)
def test_what_does_not_go_together_is_said(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = run(tmp_path, *arguments)

    assert done.exit_code == 2
    assert words in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (("--to", "12025550100"), '"12025550100" (to) is no phone number', "Write it as +12025550100."),
        (("--from", "12025550199"), '"12025550199" (from) is no phone number', "Write it as +12025550199."),
        (("--from", "me"), '"me" (from) is no phone number', "An example is +12025550100."),
        (("--keys", "1,A"), "'A' is no key of a phone.", "Keys are 0-9"),
        (("--count", "3", "--keys", "x"), "'x' is no key of a phone.", "Keys are 0-9"),
        (("nowhere.yaml",), "nowhere.yaml is no file.", "Name a scenario file"),
        ((), "is no function project", "fn init"),
    ],
)
def test_what_cannot_be_called_is_one_sentence(
    tmp_path: Path, arguments: tuple[str, ...], message: str, hint: str
) -> None:
    with pytest.raises(FnError) as refused:
        run(tmp_path, *arguments)

    assert message in refused.value.message
    assert hint in refused.value.hint
    assert "\n" not in refused.value.message
