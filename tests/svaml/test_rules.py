from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import devserver.svaml
from devserver.svaml.model import ACTION_SHAPES, INSTRUCTION_SHAPES
from devserver.svaml.rules import Finding, check

SAMPLES = Path(__file__).parents[2] / "fixtures" / "callbacks"
HANGUP = {"name": "hangup"}

REJECTED = {
    "svaml-action-connectPstn--java.json": {"cli-format"},
    "svaml-action-runMenu--java.json": {"menu-main", "menu-target", "option-dtmf"},
}
"""The samples that are refused, and why; fixtures/callbacks/INDEX.md says the same in words."""


def after(*instructions: Any) -> dict[str, Any]:
    return {"instructions": list(instructions), "action": HANGUP}


def do(name: str, **fields: Any) -> dict[str, Any]:
    return {"action": {"name": name, **fields}}


def menus(*listed: Any, **fields: Any) -> dict[str, Any]:
    return do("runMenu", menus=list(listed), **fields)


def menu(name: str = "main", **fields: Any) -> dict[str, Any]:
    return {"id": name, "options": [{"dtmf": "1", "action": "return(x)"}], **fields}


def options(*pairs: tuple[Any, Any]) -> dict[str, Any]:
    return menus({"id": "main", "options": [{"dtmf": key, "action": action} for key, action in pairs]})


def play(*ids: Any) -> dict[str, Any]:
    return after({"name": "playFiles", "ids": list(ids), "locale": "en-US"})


def say(**fields: Any) -> dict[str, Any]:
    return after({"name": "say", "text": "Hi", **fields})


SIP = {"type": "sip", "endpoint": "me@example.com"}
STREAM = {"type": "Websocket", "endpoint": "wss://example.com"}
RECORD = {"name": "startRecording", "options": {"destinationUrl": "s3://b/", "credentials": "k:s:r"}}

Row = tuple[str, object, set[str]]

# callback, document, and what must be found: "E rule path" for an error, "W rule path" for a warning, nothing else.
TABLE: list[Row] = [
    # the document
    ("ice", None, {"E document-empty "}),
    ("ice", {}, {"E document-empty "}),
    ("pie", None, {"E document-empty "}),
    ("patch", None, {"E document-empty "}),
    ("ace", None, set()),
    ("ace", {}, set()),
    ("ice", [], {"E document-not-object "}),
    ("ace", "hangup", {"E document-not-object "}),
    ("ice", {"instructions": []}, {"E action-missing action"}),
    ("ice", {"action": None}, {"E action-missing action"}),
    ("ice", HANGUP, {"E action-missing action"}),
    ("ice", {"action": [HANGUP, HANGUP]}, {"E action-many action"}),
    ("ice", {"action": [HANGUP]}, {"E action-not-object action"}),
    ("ice", {"action": "hangup"}, {"E action-not-object action"}),
    ("ice", {"action": HANGUP, "Action": HANGUP}, {"W field-twice Action"}),
    ("ice", {"action": HANGUP, "actions": []}, {"W field-unknown actions"}),
    ("ice", {"action": HANGUP, "instructions": {}}, {"E instructions-not-list instructions"}),
    ("ice", {"action": HANGUP, "instructions": None}, set()),
    ("ice", after("say"), {"E instruction-not-object instructions[0]"}),
    ("ice", after({"text": "Hi"}), {"E instruction-no-name instructions[0].name"}),
    ("ice", after({"name": ""}), {"E instruction-no-name instructions[0].name"}),
    ("ice", after({"name": "sing"}), {"E instruction-unknown instructions[0].name"}),
    ("ice", after({"name": 7}), {"E instruction-unknown instructions[0].name"}),
    ("ice", after(HANGUP), {"E instruction-unknown instructions[0].name"}),
    ("ice", {"action": {}}, {"E action-no-name action.name"}),
    ("ice", do("say", text="Hi"), {"E action-unknown action.name"}),
    ("ice", do("connectAgent"), {"E action-unknown action.name"}),
    # letter case
    ("ICE", {"Action": {"NAME": "HangUp"}, "INSTRUCTIONS": [{"Name": "SAY", "TEXT": "Hi"}]}, set()),
    ("ice", do("ConnectPSTN", NUMBER="+15551234567", MaxDURATION=1), set()),
    ("ice", do("connectmxp", callheaders=[{"Key": "a", "VALUE": "b"}]), set()),
    # which callback
    ("ice", do("continue"), {"W action-disputed action"}),
    ("ace", do("continue"), set()),
    ("pie", do("continue"), set()),
    ("pie", do("connectPstn", number="+15551234567"), set()),
    ("pie", do("connectSip", destination=SIP), set()),
    ("ace", do("connectPstn"), {"E action-not-allowed action"}),
    ("ace", do("connectMxp"), {"E action-not-allowed action"}),
    ("pie", do("connectMxp"), {"W action-disputed action"}),
    ("ace", do("connectSip", destination=SIP), {"E action-not-allowed action"}),
    ("ace", do("connectConf", conferenceId="a"), {"W action-disputed action"}),
    ("pie", do("connectConf", conferenceId="a"), set()),
    ("ace", do("connectStream", destination=STREAM), {"E action-not-allowed action", "W closed-beta action"}),
    ("pie", do("connectStream", destination=STREAM), {"E action-not-allowed action", "W closed-beta action"}),
    ("ace", menus(menu()), {"W action-disputed action"}),
    ("ace", do("park"), {"W action-disputed action"}),
    ("pie", do("park"), {"W action-disputed action"}),
    ("ice", do("park"), set()),
    *[
        (event, do(name), {"E action-not-allowed action"})
        for event in ("ice", "ace", "pie")
        for name in ("startRecording", "stopRecording")
    ],
    ("patch", do("startRecording", recordingOptions={"format": "mp3"}), set()),
    ("patch", do("continue"), set()),
    ("ice", after({"name": "answer"}), set()),
    ("ace", after({"name": "answer"}), {"E instruction-not-allowed instructions[0]"}),
    ("pie", after({"name": "answer"}), {"E instruction-not-allowed instructions[0]"}),
    ("patch", after({"name": "answer"}), {"E instruction-not-allowed instructions[0]"}),
    ("ace", after({"name": "sendDtmf", "value": "1"}), {"E instruction-not-allowed instructions[0]"}),
    ("pie", after({"name": "sendDtmf", "value": "1"}), set()),
    ("ace", after({"name": "stopRecording"}), set()),
    *[
        (event, after({"name": "reportCallStatus"}), {"E instruction-not-allowed instructions[0]"})
        for event in ("ice", "ace", "pie", "patch")
    ],
    # after the call
    ("dice", None, set()),
    ("dice", {"ok": True}, set()),
    ("notify", [], set()),
    ("notify", do("hangup"), {"W body-ignored "}),
    ("dice", do("hangup"), {"W body-ignored "}),
    ("dice", after({"name": "reportCallStatus", "value": "Success"}), set()),
    ("notify", after({"name": "reportCallStatus", "value": "Success"}), {"W body-ignored "}),
    (
        "dice",
        {"instructions": [{"name": "reportCallStatus"}], "action": {"name": "continue"}},
        {"W report-without-hangup action"},
    ),
    (
        "dice",
        after({"name": "reportCallStatus", "value": "maybe"}, {"name": "say", "text": "Hi"}),
        {"W value-unknown instructions[0].value", "W body-ignored instructions[1]"},
    ),
    ("dice", after({"name": "reportCallStatus", "details": "x" * 65}), {"W text-too-long instructions[0].details"}),
    # fields
    ("ice", after({"name": "say"}), {"E field-missing instructions[0].text"}),
    ("ice", after({"name": "say", "text": None}), {"E field-missing instructions[0].text"}),
    ("ice", after({"name": "say", "text": "  "}), {"E field-missing instructions[0].text"}),
    ("ice", say(text=["Hi"]), {"E field-type instructions[0].text"}),
    ("ice", say(text=12), {"W type-loose instructions[0].text"}),
    ("ice", say(text=True), {"E field-type instructions[0].text"}),
    ("ice", say(text="x" * 600), set()),
    ("ice", say(text="x" * 601), {"E text-too-long instructions[0].text"}),
    ("ice", say(voice="Emma"), {"W field-unknown instructions[0].voice"}),
    ("ice", say(text="#tts[Hi]"), {"W say-prompt instructions[0].text"}),
    ("ice", after({"name": "setCookie", "key": "k", "value": ""}), set()),
    ("ice", after({"name": "setCookie", "value": "v"}), {"E field-missing instructions[0].key"}),
    ("ice", after({"name": "setCookie", "key": "k" * 51, "value": "v"}), {"W text-too-long instructions[0].key"}),
    ("ice", after({"name": "setCookie", "key": "k", "value": "v" * 1023}), set()),
    ("ice", after({"name": "setCookie", "key": "k", "value": "v" * 1024}), {"E cookies-too-long instructions"}),
    (
        "ice",
        after(*[{"name": "setCookie", "key": k, "value": "ö" * 300} for k in "ab"]),
        {"E cookies-too-long instructions"},
    ),
    ("ice", after(*[{"name": "setCookie", "key": "a", "value": "ö" * 300} for _ in "ab"]), set()),
    ("ice", after({"name": "sendDtmf", "value": "ww12#"}), set()),
    ("ice", after({"name": "sendDtmf", "value": "1*"}), {"W dtmf-undocumented instructions[0].value"}),
    ("ice", after({"name": "sendDtmf", "value": "W1"}), {"W dtmf-undocumented instructions[0].value"}),
    ("ice", after({"name": "sendDtmf", "value": "12a"}), {"E dtmf-alphabet instructions[0].value"}),
    ("ice", after({"name": "sendDtmf", "value": ""}), {"E dtmf-alphabet instructions[0].value"}),
    # prompts
    ("ice", play("welcome.wav", "https://example.com/a.mp3", "#href[https://example.com/b.mp3]"), set()),
    ("ice", play("#tts[Press 1; or 2];#ssml[<speak>a &amp; b]; c</speak>]"), set()),
    ("ice", play(), {"W prompt-empty instructions[0].ids"}),
    ("ice", play(" ; "), {"W prompt-empty instructions[0].ids[0]"}),
    ("ice", play("#tts[Hi"), {"E prompt-syntax instructions[0].ids[0]"}),
    ("ice", play("tts#[Hi]"), {"W prompt-syntax instructions[0].ids[0]"}),
    ("ice", play("Hello there"), {"W prompt-syntax instructions[0].ids[0]"}),
    ("ice", play("ftp://example.com/a.wav"), {"W prompt-syntax instructions[0].ids[0]"}),
    ("ice", play(f"#tts[{'x' * 601}]"), {"E text-too-long instructions[0].ids[0]"}),
    (
        "ice",
        play(*["a.wav;b.wav"] * 4, "x" * 40_000),
        {"E text-too-long instructions[0].ids[4]", "W prompts-long instructions"},
    ),
    ("ice", play(None), {"E field-type instructions[0].ids[0]"}),
    ("ice", after({"name": "playFiles", "ids": "a.wav"}), {"E field-type instructions[0].ids"}),
    ("ice", after({"name": "playFiles"}), {"E field-missing instructions[0].ids"}),
    ("ice", after({"name": "playFiles", "ids": ["a.wav"]}), set()),
    ("ice", after({"name": "playFiles", "ids": ["#TTS[Hi]"]}), {"E locale-missing instructions[0].locale"}),
    ("ice", after({"name": "playFiles", "ids": ["#ssml[<speak/>]"]}), {"E locale-missing instructions[0].locale"}),
    ("ice", play(*["a.wav"] * 64), set()),
    ("ice", play(*["a.wav"] * 65), {"W prompts-many instructions"}),
    ("ice", after(*[{"name": "say", "text": "x" * 501}] * 2), {"W prompts-long instructions"}),
    # recording
    ("ice", after(RECORD), set()),
    ("ice", after({"name": "startRecording"}), {"W recording-destination instructions[0].options"}),
    (
        "ice",
        after({"name": "startRecording", "options": {**RECORD["options"], "destinationUrl": "ftp://x"}}),  # type: ignore[dict-item]
        {"W recording-store instructions[0].options.destinationUrl"},
    ),
    (
        "ice",
        after(
            {
                "name": "startRecording",
                "options": {**RECORD["options"], "transcriptionOptions": {"enabled": 1, "locale": "xx"}},  # type: ignore[dict-item]
            }
        ),
        {
            "E field-type instructions[0].options.transcriptionOptions.enabled",
            "W value-unknown instructions[0].options.transcriptionOptions.locale",
        },
    ),
    (
        "ice",
        {"instructions": [RECORD], "action": {"name": "connectMxp"}},
        {"E recording-with-mxp instructions[0]"},
    ),
    # hangup
    ("ice", do("hangup", barge=True, hangupCause=1), set()),
    ("ice", do("hangup", hangupCause=3), {"W number-range action.hangupCause"}),
    ("ice", do("hangup", barge="true"), {"W type-loose action.barge"}),
    ("ice", do("hangup", barge="yes"), {"E field-type action.barge"}),
    # connectPstn
    ("ice", do("connectPstn", number="15551234567"), {"E number-format action.number"}),
    ("ice", do("connectPstn", number="+12345"), {"E number-format action.number"}),
    ("ice", do("connectPstn", number="+12345678901234567"), {"E number-format action.number"}),
    ("ice", do("connectPstn", number="+1 555 123 4567"), {"E number-format action.number"}),
    ("ice", do("connectPstn", destination={"type": "number", "endpoint": "+15551234567"}), set()),
    (
        "ice",
        do("connectPstn", destination={"type": "number", "endpoint": "x"}),
        {"E number-format action.destination.endpoint"},
    ),
    ("ice", do("connectPstn", cli="Private"), set()),
    ("ice", do("connectPstn", cli="incoming"), set()),
    ("ice", do("connectPstn", cli="15551234567"), {"W cli-plus action.cli"}),
    ("ice", do("connectPstn", cli="me"), {"E cli-format action.cli"}),
    ("ice", do("connectPstn", maxDuration=14400, dialTimeout=0), set()),
    ("ice", do("connectPstn", maxDuration=14401), {"E number-range action.maxDuration"}),
    ("ice", do("connectPstn", maxDuration=-1), {"E number-range action.maxDuration"}),
    ("ice", do("connectPstn", maxDuration="60"), {"W type-loose action.maxDuration"}),
    ("ice", do("connectPstn", maxDuration=60.0), {"W type-loose action.maxDuration"}),
    ("ice", do("connectPstn", maxDuration=60.5), {"E field-type action.maxDuration"}),
    ("ice", do("connectPstn", maxDuration=True), {"E field-type action.maxDuration"}),
    ("ice", do("connectPstn", dtmf="12x"), {"E dtmf-alphabet action.dtmf"}),
    ("ice", do("connectPstn", dtmf=""), set()),
    ("ice", do("connectPstn", indications="xx"), {"W value-unknown action.indications"}),
    ("ice", do("connectPstn", amd=True), {"E field-type action.amd"}),
    ("ice", do("connectPstn", amd={"enabled": True, "asynch": True}), {"W field-unknown action.amd.asynch"}),
    ("ice", do("connectPstn", amd={"enabled": True}, suppressCallbacks=True), {"W amd-unheard action.amd"}),
    ("ice", do("connectPstn", timeout=3), {"W field-unknown action.timeout"}),
    ("ice", do("connectPstn", tags=[{"key": "a", "value": "x" * 33}]), {"W pair-too-long action.tags[0]"}),
    ("ice", do("connectPstn", record=True, recordingOptions={"format": "mp3"}, _internal=[1]), set()),
    # connectMxp
    ("ice", do("connectMxp"), set()),
    (
        "ice",
        do("connectMxp", destination={"type": "number", "endpoint": "a"}),
        {"W value-unknown action.destination.type"},
    ),
    ("ice", do("connectMxp", destination={"type": "username"}), {"E field-missing action.destination.endpoint"}),
    ("ice", do("connectMxp", destination={"endpoint": "x" * 129}), {"E text-too-long action.destination.endpoint"}),
    ("ice", do("connectMxp", callHeaders={"a": "b"}), {"E field-type action.callHeaders"}),
    ("ice", do("connectMxp", callHeaders=["a"]), {"E field-type action.callHeaders[0]"}),
    ("ice", do("connectMxp", callHeaders=[{"key": "a"}]), {"E field-missing action.callHeaders[0].value"}),
    (
        "ice",
        do("connectMxp", callHeaders=[{"key": "a", "value": "ö" * 512}]),
        {"E pair-too-long action.callHeaders[0]"},
    ),
    # connectConf
    ("ice", do("connectConf"), {"E field-missing action.conferenceId"}),
    ("ice", do("connectConf", conferenceId="x" * 64), set()),
    ("ice", do("connectConf", conferenceId="x" * 65), {"W text-too-long action.conferenceId"}),
    ("ice", do("connectConf", conferenceId="x" * 129), {"E text-too-long action.conferenceId"}),
    ("ice", do("connectConf", conferenceId="a", moh="jazz"), {"W value-unknown action.moh"}),
    (
        "ice",
        do("connectConf", conferenceId="a", conferenceDtmfOptions={"mode": "listen", "maxDigits": 0, "timoutMills": 1}),
        {
            "W value-unknown action.conferenceDtmfOptions.mode",
            "E number-range action.conferenceDtmfOptions.maxDigits",
            "W field-unknown action.conferenceDtmfOptions.timoutMills",
        },
    ),
    # connectSip, connectStream
    ("ice", do("connectSip"), {"E field-missing action.destination"}),
    ("ice", do("connectSip", destination="me@example.com"), {"E field-type action.destination"}),
    ("ice", do("connectSip", destination=SIP, transport="sctp"), {"W value-unknown action.transport"}),
    (
        "ice",
        do("connectSip", destination={"type": "sip", "endpoint": "me"}),
        {"W sip-address action.destination.endpoint"},
    ),
    (
        "ice",
        do("connectStream", destination={"endpoint": "https://x"}, streamingOptions={"sampleRate": 1}),
        {
            "W closed-beta action",
            "E stream-address action.destination.endpoint",
            "W sample-rate action.streamingOptions.sampleRate",
        },
    ),
    # park
    ("ice", do("park", introPrompt="#tts[Hi]", holdPrompt="a.wav", maxDuration=600), set()),
    ("ice", do("park", maxDuration=601), {"E number-range action.maxDuration"}),
    ("ice", do("park", maxDuration=59), {"W number-range action.maxDuration"}),
    ("ice", do("park", introPromt="#tts[Hi]"), {"W field-unknown action.introPromt"}),
    # menus
    ("pie", menus(menu()), set()),
    ("ice", do("runMenu"), {"E field-missing action.menus"}),
    ("ice", menus(), {"E menus-empty action.menus"}),
    ("ice", menus("main"), {"E field-type action.menus[0]", "E menu-main action.menus"}),
    ("ice", do("runMenu", menus={}), {"E field-type action.menus"}),
    ("ice", menus(menu("first")), {"E menu-main action.menus"}),
    ("ice", menus(menu("first"), mainMenu="first"), {"W menu-main-disputed action.mainMenu"}),
    ("ice", menus(menu(), mainMenu="Main"), {"E menu-main action.mainMenu"}),
    ("ice", menus(menu(), mainMenu="main"), set()),
    (
        "ice",
        menus({"options": []}),
        {"E field-missing action.menus[0].id", "E menu-main action.menus", "W menu-no-input action.menus[0]"},
    ),
    ("ice", menus(menu(), menu()), {"E menu-id-twice action.menus[1].id"}),
    (
        "ice",
        menus(menu("x" * 65), mainMenu="x" * 65),
        {"W text-too-long action.menus[0].id", "W menu-main-disputed action.mainMenu"},
    ),
    ("ice", menus(menu(), menu("sub")), {"W menu-unreachable action.menus[1]"}),
    (
        "ice",
        menus(menu(options=[]), enableVoice=False),
        {"W menu-no-input action.menus[0]", "W menu-no-result action.menus"},
    ),
    ("ice", menus({"id": "main", "maxDigits": 4}), set()),
    ("ice", options((1, "return(x)"), ("*", "Return(y)"), ("#", "return()")), set()),
    ("ice", options(("1", "menu(main)")), {"W menu-no-result action.menus"}),
    ("ice", options(("12", "return(x)")), {"E option-dtmf action.menus[0].options[0].dtmf"}),
    ("ice", options(("", "return(x)")), {"E option-dtmf action.menus[0].options[0].dtmf"}),
    ("ice", options((10, "return(x)")), {"E option-dtmf action.menus[0].options[0].dtmf"}),
    ("ice", options((True, "return(x)")), {"E field-type action.menus[0].options[0].dtmf"}),
    ("ice", options((1, "return(x)"), ("1", "return(y)")), {"E option-dtmf-twice action.menus[0].options[1].dtmf"}),
    ("ice", options(("1", "return(x)"), ("2", "sales")), {"E option-action action.menus[0].options[1].action"}),
    ("ice", options(("1", "return(x)"), ("2", "menu(sub)")), {"E menu-target action.menus[0].options[1].action"}),
    ("ice", options(("1", "return(x)"), ("2", "")), {"E field-missing action.menus[0].options[1].action"}),
    ("ice", menus(menu(timeoutMills=999)), {"W number-range action.menus[0].timeoutMills"}),
    ("ice", menus(menu(timeoutMills=30001)), {"W number-range action.menus[0].timeoutMills"}),
    ("ice", menus(menu(timeoutMills=-1)), {"E number-range action.menus[0].timeoutMills"}),
    (
        "ice",
        menus(menu(repeats=-1, maxDigits=-1)),
        {"E number-range action.menus[0].repeats", "E number-range action.menus[0].maxDigits"},
    ),
    ("ice", menus(menu(mainPrompt="Press one")), {"W prompt-syntax action.menus[0].mainPrompt"}),
    ("ice", menus(menu(), enableVoice=True), {"E locale-missing action.locale"}),
    ("ice", menus(menu(), enableVoice=True, locale="en-US"), set()),
    (
        "ice",
        menus(menu(options={})),
        {"E field-type action.menus[0].options", "W menu-no-input action.menus[0]", "W menu-no-result action.menus"},
    ),
]


def said(findings: tuple[Finding, ...]) -> set[str]:
    return {f"{'E' if item.severity == 'error' else 'W'} {item.rule} {item.path}" for item in findings}


def _short(value: object) -> str:
    """An id that is the same in every process: the order of a set is not."""
    return str(sorted(value) if isinstance(value, set) else value)[:70]


@pytest.mark.parametrize(("event", "document", "expected"), TABLE, ids=_short)
def test_a_document_gives_exactly_these_findings(event: str, document: object, expected: set[str]) -> None:
    assert said(check(document, event)) == expected


def test_every_rule_of_the_source_is_in_the_table() -> None:
    folder = Path(next(iter(devserver.svaml.__path__)))
    text = "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    ids = set(
        re.findall(r"report\.(?:error|warning|add)\(\s*(?:[\w.]+(?: if [^\"]*)?,\s*)?\"([a-z]+(?:-[a-z]+)+)\"", text)
    )
    tested = {entry.split(" ")[1] for _, _, expected in TABLE for entry in expected}
    assert len(ids) > 40
    assert ids <= tested


def test_every_finding_has_a_sentence_and_a_source() -> None:
    for event, document, _ in TABLE:
        for finding in check(document, event):
            assert finding.text[-1] in ".?"
            assert len(finding.text) < 400
            assert "\n" not in finding.text
            assert finding.source.startswith(("voice-v1 ", "functions "))


def test_an_unknown_event_is_no_question_of_svaml() -> None:
    assert check({"anything": 1}, "status") == ()


def test_continue_is_an_error_when_the_call_is_known_to_come_from_the_phone_network() -> None:
    (known,) = check(do("continue"), "ice", {"originationType": "PSTN"})
    (app,) = check(do("continue"), "ice", {"originationType": "MXP"})
    assert (known.severity, app.severity) == ("error", "warning")
    assert "Functions" in known.text
    assert "API reference" in known.text


def test_an_empty_answer_to_a_conference_pie_is_what_the_platform_expects() -> None:
    assert check(None, "pie", {"conferenceId": "a"}) == ()
    assert check(None, "pie", {"conferenceId": None}) != ()


@pytest.mark.parametrize(
    ("document", "hint"),
    [
        (do("conectPstn"), "'connectPstn'"),
        (do("connectPstn", maxDurations=1), "'maxDuration'"),
        (do("connectPstn", timeout=1), "'dialTimeout'"),
        (say(message="Hi"), "'text'"),
        (menus(menu(mainprompt="#tts[a]", prompt="x")), "'mainPrompt'"),
        (options(("1", "return(x)"), ("2", "menu(mian)")), "'main'"),
        (menus(menu(), mainMenu="mian"), "'main'"),
        ({"action": HANGUP, "instruction": []}, "'instructions'"),
    ],
    ids=str,
)
def test_a_misspelt_word_is_answered_with_the_nearest_right_one(document: object, hint: str) -> None:
    assert any(f"did you mean {hint}?" in finding.text for finding in check(document, "ice"))


def test_an_action_without_its_wrapper_is_told_where_it_goes() -> None:
    (finding,) = check(HANGUP, "ice")
    assert 'under the key "action"' in finding.text


def test_a_shortcut_of_the_functions_builders_is_named_as_such() -> None:
    (finding,) = check(do("connectAgent"), "ice")
    assert "connectSip" in finding.text


def test_ten_thousand_breaches_give_a_readable_number_of_findings() -> None:
    document = {"action": {"name": "hangup", **{f"key{index}": 1 for index in range(10_000)}}}
    assert len(check(document, "ice")) == 100
    errors = [item for item in check(after(*["x"] * 10_000), "ice") if item.severity == "error"]
    assert len(errors) == 100


def samples() -> Iterator[tuple[str, dict[str, Any], str]]:
    for path in sorted(SAMPLES.glob("svaml-*.json")):
        content = json.loads(path.read_text("utf-8"))
        match path.name.split("-")[1:3]:
            case ["action", name]:
                yield path.name, {"action": content}, "ace" if name == "continue" else "ice"
            case ["instruction", _]:
                yield path.name, after(content), "ice"
            case ["full", name]:
                yield path.name, content, name if name in {"ice", "ace", "pie"} else "ice"
            case _:
                assert path.name.startswith("svaml-part-")


def test_the_samples_are_all_here() -> None:
    assert len(list(samples())) == 28


@pytest.mark.parametrize(
    ("name", "document", "event"), list(samples()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_an_official_sample_is_accepted_or_refused_for_a_named_reason(
    name: str, document: dict[str, Any], event: str
) -> None:
    errors = {finding.rule for finding in check(document, event) if finding.severity == "error"}
    assert errors == REJECTED.get(name, set())


@pytest.mark.parametrize("name", sorted(REJECTED))
def test_the_index_names_the_reason_of_every_refused_sample(name: str) -> None:
    index = (SAMPLES / "INDEX.md").read_text("utf-8")
    rows = [line for line in index.splitlines() if line.startswith(f"| `{name}` |") and "refused" in line]
    assert rows
    assert all(f"`{rule}`" in rows[0] for rule in REJECTED[name])


HUGE = 10**5000
WORDS = sorted(
    {"name", "action", "instructions", "menus", "options", "id", "x", "destination", "endpoint", "value"}
    | {field.name for shape in (*ACTION_SHAPES, *INSTRUCTION_SHAPES) for field in shape.fields}
)
NAMES = sorted({shape.name for shape in (*ACTION_SHAPES, *INSTRUCTION_SHAPES)})
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from([*NAMES, "#tts[", "return(x)", "menu(main)", "main", "+15551234567", "\ud800"])
)
ANY_JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=4), inner, max_size=6)
    ),
    max_leaves=25,
)
THINGS = st.sampled_from(NAMES).flatmap(
    lambda name: st.dictionaries(st.sampled_from(WORDS), ANY_JSON, max_size=6).map(
        lambda fields: {**fields, "name": name}
    )
)
DOCUMENTS = st.fixed_dictionaries({"action": THINGS, "instructions": st.lists(THINGS, max_size=3)})
EVENTS = st.sampled_from(["ice", "ace", "pie", "dice", "notify", "patch", "other"])


Wrap = Callable[[dict[str, Any]], dict[str, Any]]


def wrapped(thing: dict[str, Any]) -> dict[str, Any]:
    return {"action": thing}


FIELDS: list[tuple[str, str, Wrap]] = [
    *((field.name, shape.name, after) for shape in INSTRUCTION_SHAPES for field in shape.fields),
    *((field.name, shape.name, wrapped) for shape in ACTION_SHAPES for field in shape.fields),
]


@given(ANY_JSON | DOCUMENTS, EVENTS, ANY_JSON)
@settings(max_examples=300, deadline=None)
def test_no_json_whatever_makes_a_check_fail(document: object, event: str, callback: object) -> None:
    for finding in check(document, event, callback):
        assert finding.text
        assert finding.rule


@pytest.mark.parametrize(
    "value",
    [HUGE, -HUGE, math.inf, math.nan, "\ud800", [], {}, [[]], "x" * 100_000, None, True],
    ids=lambda v: type(v).__name__,
)
def test_no_value_of_any_field_makes_a_check_fail(value: object) -> None:
    for field, name, wrap in FIELDS:
        for event in ("ice", "dice"):
            check(wrap({"name": name, field: value}), event)
            check(wrap({"name": name, field: [value]}), event)
            check(wrap({"name": name, field: {"type": value, "endpoint": value, "key": value}}), event)
    for place in ("id", "dtmf", "action", "options", "mainPrompt"):
        check(
            menus({"id": "main", place: value, "options": [{"dtmf": "1", "action": "return(x)", place: value}]}), "ice"
        )


def test_a_check_takes_little_of_the_time_that_a_caller_waits() -> None:
    document = json.loads((SAMPLES / "svaml-action-runMenu-two-menus--node.json").read_text("utf-8"))
    check({"action": document}, "ice")
    best = math.inf
    for _ in range(200):
        started = perf_counter()
        check({"action": document}, "ice")
        best = min(best, perf_counter() - started)
    # 40 microseconds on the slowest machine measured; the bound leaves room for coverage and busy machines.
    assert best < 0.001
