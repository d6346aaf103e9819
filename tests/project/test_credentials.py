from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from devserver.errors import ConfigError
from devserver.project.credentials import Credentials, read_credentials, require_usable

GOOD = {
    "projectId": "p-1",
    "keyId": "k-1",
    "keySecret": "hush-key",
    "applicationKey": "669E367E-6BBA-48AB-AF15-266871C28135",
    "applicationSecret": "BeIukql3pTKJ8RGL5zo0DA==",
}


def refusal(document: Any) -> ConfigError:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    with pytest.raises(ConfigError) as caught:
        read_credentials(data, "mine.json")
    assert caught.value.message.startswith("mine.json")
    assert not any(secret in str(caught.value) for secret in ("hush-key", "BeIukql3pTKJ8RGL5zo0DA=="))
    return caught.value


def without(*keys: str) -> dict[str, str]:
    return {key: value for key, value in GOOD.items() if key not in keys}


def test_all_five_are_read_and_the_application_may_be_missing() -> None:
    assert read_credentials(json.dumps(GOOD).encode(), "x") == Credentials(*GOOD.values())
    short = without("applicationKey", "applicationSecret")
    assert read_credentials(json.dumps(short).encode(), "x").application_key is None


def test_a_byte_order_mark_is_taken_as_it_is_meant() -> None:
    assert read_credentials(b"\xef\xbb\xbf" + json.dumps(GOOD).encode(), "x").project_id == "p-1"


def test_no_secret_is_in_its_repr_or_drawn_by_rich() -> None:
    credentials = Credentials(*GOOD.values())
    drawn = StringIO()
    Console(file=drawn, width=200).print(credentials, [credentials])
    for text in (repr(credentials), str(credentials), f"{[credentials]}", drawn.getvalue()):
        assert "p-1" in text
        assert "hush-key" not in text
        assert "BeIukql3" not in text


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"", "mine.json is not JSON"),
        (b'{\n"projectId": "p",\n', "mine.json line 3 is not JSON"),
        (b"\xff\xfe", "mine.json line 1 is not JSON"),
        (b"[" * 100_000, "mine.json must hold one JSON object"),
        ([], "must hold one JSON object"),
        ("hush-key", "must hold one JSON object"),
        (without("keySecret"), "has no keySecret"),
        (GOOD | {"keySecret": 7}, "keySecret must be text, not a number"),
        (GOOD | {"applicationKey": ["hush-key"]}, "applicationKey must be text, not a list"),
        (GOOD | {"keySecrt": "hush-key"}, 'has an unknown key "keySecrt"'),
        (GOOD | {"keySecret": ""}, "keySecret is empty"),
        (GOOD | {"keySecret": "hush-key\n"}, "keySecret has white space in it"),
        (GOOD | {"projectId": "two words"}, "projectId has white space in it"),
        (GOOD | {"keyId": "x" * 501}, "keyId has white space in it, or is no such text"),
        (GOOD | {"applicationSecret": "no*base64"}, "applicationSecret is not base64 text"),
        (without("applicationKey"), "has no applicationKey"),
        (without("applicationSecret"), "has no applicationSecret"),
    ],
)
def test_a_document_that_is_wrong_is_one_sentence_without_values(document: Any, said: str) -> None:
    error = refusal(document)
    assert said in error.message
    assert error.hint


def test_an_unknown_key_is_told_with_the_likely_one() -> None:
    assert refusal(GOOD | {"keySecrt": "x"}).hint == 'Did you mean "keySecret"?'
    assert refusal(GOOD | {"zzz": "x"}).hint.startswith("Known are projectId, keyId")


def test_what_was_typed_is_checked_in_the_same_way() -> None:
    require_usable(Credentials("p", "k", "s"), "The login")
    with pytest.raises(ConfigError, match="The login: keyId is empty"):
        require_usable(Credentials("p", "", "s"), "The login")
