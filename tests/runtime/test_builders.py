from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.errors import FnError
from devserver.runtime import (
    AceSvamlBuilder,
    IceSvamlBuilder,
    MenuTemplates,
    PieEvent,
    PieSvamlBuilder,
    SvamlError,
    create_menu,
    parse_event,
)
from devserver.runtime.builders import SvamlBuilder
from devserver.runtime.replies import voice_reply
from devserver.svaml import check

Step = Callable[[SvamlBuilder], SvamlBuilder]


def test_the_documented_function_answers_an_incoming_call() -> None:
    menu = (
        create_menu()
        .prompt("Press 1 for sales, 2 for support.")
        .option("1", "return(sales)")
        .option("2", "return(support)")
        .build()
    )
    assert IceSvamlBuilder().say("Welcome!").run_menu(menu).build() == {
        "instructions": [{"name": "say", "text": "Welcome!", "locale": "en-US"}],
        "action": {
            "name": "runMenu",
            "menus": [
                {
                    "id": "main",
                    "mainPrompt": "#tts[Press 1 for sales, 2 for support.]",
                    "repeats": 2,
                    "maxDigits": 1,
                    "timeoutMills": 8000,
                    "options": [
                        {"dtmf": "1", "action": "return(sales)"},
                        {"dtmf": "2", "action": "return(support)"},
                    ],
                }
            ],
        },
    }


def test_the_documented_function_answers_a_key() -> None:
    event = parse_event("pie", {"menuResult": {"type": "return", "value": "sales"}})
    assert isinstance(event, PieEvent)
    assert event.menu_result.value == "sales"
    assert PieSvamlBuilder().say("Connecting.").connect_pstn("+15551234567").build() == {
        "instructions": [{"name": "say", "text": "Connecting.", "locale": "en-US"}],
        "action": {"name": "connectPstn", "number": "+15551234567"},
    }
    assert PieSvamlBuilder().say("Goodbye.").hangup().build()["action"] == {"name": "hangup"}


@pytest.mark.parametrize(
    ("step", "wire"),
    [
        (lambda b: b.say("Hi"), {"name": "say", "text": "Hi", "locale": "en-US"}),
        (lambda b: b.say("Hi", locale=None), {"name": "say", "text": "Hi"}),
        (lambda b: b.say("Hi", "Emma"), {"name": "say", "text": "Hi", "locale": "Emma"}),
        (lambda b: b.play("https://example.com/a.mp3"), {"name": "playFiles", "ids": ["https://example.com/a.mp3"]}),
        (lambda b: b.play_files(["a.wav"]), {"name": "playFiles", "ids": ["a.wav"]}),
        (lambda b: b.play_files("a.wav"), {"name": "playFiles", "ids": ["a.wav"]}),
        (lambda b: b.play_files(("#tts[a]",), "en-GB"), {"name": "playFiles", "ids": ["#tts[a]"], "locale": "en-GB"}),
        (lambda b: b.set_cookie("k", "v"), {"name": "setCookie", "key": "k", "value": "v"}),
        (lambda b: b.answer(), {"name": "answer"}),
        (lambda b: b.send_dtmf("1w2#"), {"name": "sendDtmf", "value": "1w2#"}),
        (lambda b: b.start_recording(), {"name": "startRecording"}),
        (
            lambda b: b.start_recording("s3://b/", "k:s:r", "mp3", False, {"enabled": True, "locale": "en-US"}),
            {
                "name": "startRecording",
                "options": {
                    "destinationUrl": "s3://b/",
                    "credentials": "k:s:r",
                    "format": "mp3",
                    "notificationEvents": False,
                    "transcriptionOptions": {"enabled": True, "locale": "en-US"},
                },
            },
        ),
        (lambda b: b.stop_recording(), {"name": "stopRecording"}),
    ],
)
def test_an_instruction_is_on_the_wire_as_it_was_said(step: Step, wire: dict[str, Any]) -> None:
    assert step(IceSvamlBuilder()).hangup().build() == {"instructions": [wire], "action": {"name": "hangup"}}


PAIRS = [{"key": "a_b", "value": "c"}]


@pytest.mark.parametrize(
    ("step", "wire"),
    [
        (lambda b: b.hangup(), {"name": "hangup"}),
        (lambda b: b.continue_(), {"name": "continue"}),
        (lambda b: b.connect_pstn(), {"name": "connectPstn"}),
        (
            lambda b: b.connect_pstn(
                "+15551234567",
                cli="private",
                max_duration=60,
                dial_timeout=30,
                suppress_callbacks=False,
                dtmf="1",
                indications="us",
                locale="en-US",
                amd=True,
                record=True,
                recording_options={"destination_url": "s3://b/", "notificationEvents": False},
                tags={"a_b": "c"},
            ),
            {
                "name": "connectPstn",
                "number": "+15551234567",
                "cli": "private",
                "maxDuration": 60,
                "dialTimeout": 30,
                "suppressCallbacks": False,
                "dtmf": "1",
                "indications": "us",
                "locale": "en-US",
                "amd": {"enabled": True},
                "record": True,
                "recordingOptions": {"destinationUrl": "s3://b/", "notificationEvents": False},
                "tags": PAIRS,
            },
        ),
        (
            lambda b: b.connect_pstn(amd={"enabled": True, "async": True}),
            {"name": "connectPstn", "amd": {"enabled": True, "async": True}},
        ),
        (lambda b: b.connect_mxp(), {"name": "connectMxp"}),
        (
            lambda b: b.connect_mxp("ann", call_headers={"a_b": "c"}),
            {"name": "connectMxp", "destination": {"type": "username", "endpoint": "ann"}, "callHeaders": PAIRS},
        ),
        (
            lambda b: b.connect_sip(
                "me@example.com",
                max_duration=60,
                cli="x",
                transport="TLS",
                suppress_callbacks=True,
                call_headers=PAIRS,
                moh="ring",
            ),
            {
                "name": "connectSip",
                "destination": {"type": "sip", "endpoint": "me@example.com"},
                "maxDuration": 60,
                "cli": "x",
                "transport": "TLS",
                "suppressCallbacks": True,
                "callHeaders": PAIRS,
                "moh": "ring",
            },
        ),
        (
            lambda b: b.connect_sip({"type": "Sip", "endpoint": "me@example.com"}),
            {"name": "connectSip", "destination": {"type": "Sip", "endpoint": "me@example.com"}},
        ),
        (
            lambda b: b.connect_conf(
                "room",
                conference_dtmf_options={"mode": "detect", "max_digits": 2, "timeoutMills": 3000},
                moh="music1",
                cli="x",
                suppress_callbacks=True,
                record=True,
                recording_options={"format": "mp3"},
            ),
            {
                "name": "connectConf",
                "conferenceId": "room",
                "conferenceDtmfOptions": {"mode": "detect", "maxDigits": 2, "timeoutMills": 3000},
                "moh": "music1",
                "cli": "x",
                "suppressCallbacks": True,
                "record": True,
                "recordingOptions": {"format": "mp3"},
            },
        ),
        (
            lambda b: b.connect_stream(
                "wss://example.com",
                streaming_options={"version": 1, "sample_rate": 16000},
                max_duration=60,
                call_headers=PAIRS,
            ),
            {
                "name": "connectStream",
                "destination": {"type": "Websocket", "endpoint": "wss://example.com"},
                "streamingOptions": {"version": 1, "sampleRate": 16000},
                "maxDuration": 60,
                "callHeaders": PAIRS,
            },
        ),
        (lambda b: b.park(), {"name": "park"}),
        (
            lambda b: b.park(intro_prompt="Please wait.", hold_prompt="hold.wav", locale="en-US", max_duration=600),
            {
                "name": "park",
                "introPrompt": "#tts[Please wait.]",
                "holdPrompt": "hold.wav",
                "locale": "en-US",
                "maxDuration": 600,
            },
        ),
    ],
)
def test_an_action_is_on_the_wire_as_it_was_said(step: Step, wire: dict[str, Any]) -> None:
    assert step(IceSvamlBuilder()).build() == {"action": wire}


MENU = create_menu().prompt("Press 1.").option("1", "return(a)")


@pytest.mark.parametrize(
    "menu",
    [MENU, MENU.build(), list(MENU.build()), next(iter(MENU.build()))],
    ids=["builder", "built", "list", "object"],
)
def test_a_menu_is_taken_in_every_form(menu: Any) -> None:
    action = IceSvamlBuilder().run_menu(menu, barge=False, locale="en-US", enable_voice=True).build()["action"]
    assert action == {
        "name": "runMenu",
        "barge": False,
        "locale": "en-US",
        "enableVoice": True,
        "menus": list(MENU.build()),
    }


def test_a_menu_of_another_name_is_named_as_the_one_that_starts() -> None:
    menu = (
        create_menu("first")
        .option("1", "return(a)")
        .option("2", "menu(second)")
        .menu("second")
        .option("1", "return(b)")
    )
    assert IceSvamlBuilder().run_menu(menu).build()["action"]["mainMenu"] == "first"
    assert IceSvamlBuilder().run_menu(menu, main_menu="second").build()["action"]["mainMenu"] == "second"


def test_a_second_action_is_refused_where_it_is_said() -> None:
    builder = IceSvamlBuilder().hangup()
    with pytest.raises(SvamlError, match="exactly one action; this one has hangup already, and park"):
        builder.park()
    assert builder.build() == {"action": {"name": "hangup"}}


@pytest.mark.parametrize("builder", [IceSvamlBuilder, AceSvamlBuilder, PieSvamlBuilder])
def test_an_answer_without_an_action_is_refused(builder: type[SvamlBuilder]) -> None:
    for empty in (builder(), builder().say("Hi")):
        with pytest.raises(SvamlError) as caught:
            empty.build()
        assert "exactly one `action`; there is none" in str(caught.value)


def test_every_breach_is_one_line_of_the_error() -> None:
    with pytest.raises(SvamlError) as caught:
        AceSvamlBuilder().say("x" * 601).answer().connect_pstn("123").build()
    assert str(caught.value).splitlines() == [
        "AceSvamlBuilder builds SVAML that the platform refuses:",
        "instructions[0].text: `text` has 601 characters; at most 600 are allowed (unless Sinch raised it).",
        "instructions[1]: answer is not allowed in the answer to an ACE; it is in ICE.",
        "action: connectPstn is not allowed in the answer to an ACE; it is in ICE, PIE.",
        "action.number: '123' is not a phone number in E.164: a plus and 6 to 16 digits, nothing else.",
    ]
    assert {found.rule for found in caught.value.findings} >= {"text-too-long", "number-format"}
    assert isinstance(caught.value, FnError)
    assert isinstance(caught.value, ValueError)


def test_what_the_sources_disagree_about_is_built() -> None:
    assert IceSvamlBuilder().continue_().build() == {"action": {"name": "continue"}}
    assert PieSvamlBuilder().park().build() == {"action": {"name": "park"}}


def test_a_built_answer_does_not_change_with_its_builder() -> None:
    builder = IceSvamlBuilder().say("Hi").hangup()
    first = builder.build()
    first["instructions"][0]["text"] = "changed"
    first["action"]["name"] = "changed"
    assert builder.to_dict() == builder.build() == IceSvamlBuilder().say("Hi").hangup().build()


def test_the_reply_layer_takes_a_builder_for_what_it_is() -> None:
    builder = PieSvamlBuilder().hangup()
    assert voice_reply("pie", builder) == voice_reply("pie", builder.build())


INSTRUCTIONS: list[Step] = [
    lambda b: b.say("Hi"),
    lambda b: b.play("https://example.com/a.mp3"),
    lambda b: b.play_files(["a.wav", "#tts[Hi]"], "en-US"),
    lambda b: b.set_cookie("k", "v"),
    lambda b: b.start_recording("azure://account/container", "key"),
    lambda b: b.stop_recording(),
]
ACTIONS: list[Step] = [
    lambda b: b.hangup(),
    lambda b: b.connect_pstn("+15551234567", amd=False),
    lambda b: b.connect_sip("me@example.com"),
    lambda b: b.connect_conf("room"),
    lambda b: b.run_menu(MENU),
    lambda b: b.run_menu(MenuTemplates.business("Acme")),
    lambda b: b.park(intro_prompt="Wait"),
    lambda b: b.continue_(),
]


@given(
    st.sampled_from([IceSvamlBuilder, PieSvamlBuilder]),
    st.lists(st.sampled_from(INSTRUCTIONS), max_size=6),
    st.sampled_from(ACTIONS),
)
def test_whatever_is_chained_is_taken_by_the_rules(kind: type[SvamlBuilder], steps: list[Step], action: Step) -> None:
    builder = kind()
    for step in steps:
        step(builder)
    document = action(builder).build()
    assert [item["name"] for item in document.get("instructions", [])] == [
        item["name"] for step in steps for item in step(IceSvamlBuilder()).hangup().build()["instructions"]
    ]
    assert not [found for found in check(document, kind.event) if found.severity == "error"]
