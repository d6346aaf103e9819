from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devserver.errors import ConfigError
from devserver.project.manifest import read_manifest


def refusal(folder: Path, text: str) -> ConfigError:
    (folder / "sinch.json").write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        read_manifest(folder)
    return caught.value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "sinch.json is empty."),
        (" \n", "sinch.json is empty."),
        ('{\n"name": "fn", // the name\n}', "sinch.json line 2: JSON has no comments."),
        ('{\n/* x */ "name": "fn"}', "sinch.json line 2: JSON has no comments."),
        ('{\n# x\n"name": "fn"}', "sinch.json line 2: JSON has no comments."),
        ('{\n"name": "fn",\n}', "sinch.json line 2: there is a comma too many."),
        ('{\n"name": "fn", "dev": {"ignore": ["a",\n\n]}}', "sinch.json line 2: there is a comma too many."),
        ("{\n'name': 'fn'}", "sinch.json line 2: JSON writes text in double quotes, not in single quotes."),
        (
            '{\n"name": "fn"\n\n"description": "x"}',
            "sinch.json line 2: a comma or a closing bracket is missing after this line.",
        ),
        ('{\n"name": "fn"', "sinch.json line 2: a comma or a closing bracket is missing after this line."),
        ('{\n"name": fn}', "sinch.json line 2: this is not JSON (expecting value)."),
        ('{\n"name": "f\nn"}', "sinch.json line 2: this is not JSON (invalid control character at)."),
        ('{"name": NaN}', "sinch.json is not JSON: JSON is malformed: invalid character (byte 9)."),
        ("[" * 100_000, "sinch.json is nested too deeply."),
        ('["fn"]', "sinch.json must hold one JSON object."),
        ("null", "sinch.json must hold one JSON object."),
    ],
)
def test_text_that_is_no_manifest_is_refused_in_plain_words(tmp_path: Path, text: str, message: str) -> None:
    assert refusal(tmp_path, text).message == message


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ('"voiceApp": 5', 'sinch.json line 3: "voiceApp" must be text, not a whole number.'),
        ('"tunnel": "on"', 'sinch.json line 3: "tunnel" must be an object, not text.'),
        ('"tunnel": {"preference": "maybe"}', 'sinch.json line 3: "tunnel.preference" must be "on" or "off".'),
        (
            '"dev": {"tunnelProvider": "ngrok"}',
            'sinch.json line 3: "dev.tunnelProvider" must be "cloudflare" or "frp".',
        ),
        ('"tunnel":\n{"preference": true}', 'sinch.json line 4: "tunnel.preference" must be "on" or "off".'),
        ('"variables": ["A"]', 'sinch.json line 3: "variables" must be an object, not a list.'),
        (
            '"variables": {"A": "1",\n"PORT": 3000}',
            'sinch.json line 4: "variables.PORT" must be text, not a whole number.',
        ),
        (
            '"variables": {"A": "1",\n"B-C": "x"}',
            'sinch.json line 4: "variables.B-C" is no name for a variable: use letters, digits and underscores, and no digit first.',
        ),
        ('"dev": {\n"deadline": 0}', 'sinch.json line 4: "dev.deadline" must be more than 0.'),
        ('"dev": {\n"deadline": 4000}', 'sinch.json line 4: "dev.deadline" must be at most 3600.'),
        ('"dev": {\n"deadline": true}', 'sinch.json line 4: "dev.deadline" must be a number, not true or false.'),
        ('"dev": {\n"spares": 1.5}', 'sinch.json line 4: "dev.spares" must be a whole number, not a fraction.'),
        ('"dev": {\n"spares": -1}', 'sinch.json line 4: "dev.spares" must be at least 0.'),
        ('"dev": {"ignore": ["a",\n1]}', 'sinch.json line 3: "dev.ignore[1]" must be text, not a whole number.'),
        (
            '"dev": {"origins": {\n"sms": "example"}}',
            'sinch.json line 4: "dev.origins.sms" must be a product (auth, numbers, sms, conversation, number_lookup, voice) with an address that starts with http:// or https://.',
        ),
        (
            '"dev": {"origins": {"sms": "http://x",\n"fax": "http://x"}}',
            'sinch.json line 4: "dev.origins.fax" must be a product (auth, numbers, sms, conversation, number_lookup, voice) with an address that starts with http:// or https://.',
        ),
        ('"dev": {\n"bodylimit": 5}', 'sinch.json line 4: "dev.bodylimit" is not a setting.'),
    ],
)
def test_a_wrong_value_is_named_with_its_line_and_what_it_must_be(tmp_path: Path, rest: str, message: str) -> None:
    assert refusal(tmp_path, f'{{\n"name": "fn",\n{rest}\n}}').message == message


def test_a_misspelt_setting_names_the_likely_one_and_a_strange_one_names_all(tmp_path: Path) -> None:
    assert refusal(tmp_path, '{"name": "fn", "dev": {"body_limit": 5}}').hint == 'Did you mean "bodyLimit"?'
    hint = refusal(tmp_path, '{"name": "fn", "dev": {"zzz": 5}}').hint
    assert hint.startswith("Known are deadline, bodyLimit, spares")


def test_a_number_as_a_variable_says_to_write_it_in_quotes(tmp_path: Path) -> None:
    assert "in quotes" in refusal(tmp_path, '{"name": "fn", "variables": {"PORT": 1}}').hint


def test_a_missing_name_shows_the_smallest_manifest(tmp_path: Path) -> None:
    error = refusal(tmp_path, '{"runtime": "python"}')
    assert error.message == 'sinch.json has no "name".'
    assert '{"name": "my-function", "runtime": "python"}' in error.hint


@pytest.mark.parametrize("name", ['""', '"a b"', '"-a"', '"å"', '"a\\n"', f'"{"x" * 64}"', "1", "null"])
def test_a_name_that_no_deployment_could_have_is_refused(tmp_path: Path, name: str) -> None:
    assert refusal(tmp_path, f'{{\n"name": {name}}}').message.startswith('sinch.json line 2: "name" must be text of')


def test_of_a_key_that_stands_twice_and_of_brackets_in_text_the_right_line_is_found(tmp_path: Path) -> None:
    text = '{\n"description": "a } \\" { \\"voiceApp\\": [",\n"name": "fn",\n"voiceApp": "x",\n"voiceApp": 1}'
    assert refusal(tmp_path, text).message.startswith('sinch.json line 5: "voiceApp"')


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
KEYS = st.sampled_from(["name", "runtime", "variables", "tunnel", "dev", "voiceApp", "functionId", "zzz"])
SETTINGS = st.sampled_from(["deadline", "bodyLimit", "spares", "origins", "ignore", "sms", "preference", "a.b", "[0]"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=st.dictionaries(KEYS, JSON | st.dictionaries(SETTINGS, JSON, max_size=3), max_size=5))
def test_every_document_is_read_or_refused_in_one_sentence(tmp_path: Path, document: dict[str, Any]) -> None:
    text = json.dumps({"name": "fn"} | document, indent=1)
    (tmp_path / "sinch.json").write_text(text, "utf-8")
    with contextlib.suppress(ConfigError):
        read_manifest(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet="{}[]:,\"'/#n \n1\\", max_size=30))
def test_every_text_is_read_or_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "sinch.json").write_text(text, "utf-8")
    with contextlib.suppress(ConfigError):
        read_manifest(tmp_path)


def test_half_a_character_is_no_text(tmp_path: Path) -> None:
    error = refusal(tmp_path, '{"name": "fn", "variables": {"A": "\\ud800"}}')
    assert error.message.startswith("sinch.json is not JSON: ")
