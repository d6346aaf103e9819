from __future__ import annotations

import json
from typing import Any

import pytest

from devserver.cloud.backend import Address, Callout, DtmfOptions, Identity, Markup
from devserver.cloud.documents import Document
from devserver.cloud.errors import Refused
from devserver.cloud.voice_callouts import read_callout

NUMBER = {"type": "number", "endpoint": "+14045005000"}
SIP = {"type": "sip", "endpoint": "sip:alice@example.com"}


def callout(method: str, headers: tuple[tuple[str, str], ...] = (), **body: Any) -> Callout:
    return read_callout(Document({"method": method, method: body}), headers)


def test_a_tts_callout_of_the_java_sdk_is_read_in_full() -> None:
    prompts = '#ssml[<speak><p>Your PIN code is <say-as interpret-as="digits">1234</say-as></p></speak>]'
    found = callout(
        "ttsCallout",
        cli="+14045001000",
        destination={"type": "username", "endpoint": "an user name"},
        dtmf="w123#",
        domain="pstn",
        custom="my custom value",
        locale="en-US",
        text="text value",
        prompts=prompts,
        enableAce=True,
        enableDice=True,
        enablePie=True,
    )

    assert found == Callout(
        method="tts",
        destination=Identity("username", "an user name"),
        cli="+14045001000",
        dtmf="w123#",
        domain="pstn",
        custom="my custom value",
        locale="en-US",
        text="text value",
        prompts=prompts,
        enable_ace=True,
        enable_dice=True,
        enable_pie=True,
    )


def test_a_conference_callout_of_the_java_sdk_is_read_in_full() -> None:
    found = callout(
        "conferenceCallout",
        cli="+14045001000",
        destination=NUMBER,
        locale="en-US",
        greeting="Welcome to my conference",
        conferenceId="MyConfId",
        conferenceDtmfOptions={"mode": "detect", "maxDigits": 3, "timeoutMills": 456},
        dtmf="w123#",
        maxDuration=32,
        enableAce=True,
        enableDice=True,
        enablePie=True,
        mohClass="music2",
        custom="my custom value",
        domain="pstn",
    )

    assert found == Callout(
        method="conference",
        destination=Identity("number", "+14045005000"),
        cli="+14045001000",
        dtmf="w123#",
        domain="pstn",
        custom="my custom value",
        locale="en-US",
        max_duration=32,
        conference_id="MyConfId",
        conference_dtmf=DtmfOptions("detect", 3, 456),
        greeting="Welcome to my conference",
        music="music2",
        enable_ace=True,
        enable_dice=True,
        enable_pie=True,
    )


def test_a_custom_callout_answers_its_callbacks_itself_or_names_an_address() -> None:
    ice = {"action": {"name": "connectPstn", "number": "+12233445566", "amd": {"enabled": True}}}
    ace = {"instructions": [{"name": "say", "text": "Hello."}], "action": {"name": "hangup"}}
    found = callout(
        "customCallout",
        destination=NUMBER,
        cli="private",
        ice=json.dumps(ice),
        ace=f"\n {json.dumps(ace)}",
        pie="https://your-application-server-host/application",
        dice=None,
    )

    assert (found.ice, found.ace) == (Markup(ice), Markup(ace))
    assert found.pie == Address("https://your-application-server-host/application")
    assert found.dice is None
    assert found.cli == "private"


def test_the_flags_and_texts_of_other_kinds_do_not_count() -> None:
    found = callout("customCallout", destination=SIP, text="x", enableAce=True, conferenceId="c")

    assert found == Callout(method="custom", destination=Identity("sip", "sip:alice@example.com"))


@pytest.mark.parametrize("cli", ["46000000000", "+46000000000"])
def test_a_cli_may_lack_its_plus_as_in_published_examples(cli: str) -> None:
    assert callout("ttsCallout", destination=NUMBER, text="Hi.", cli=cli).cli == cli


def test_dtmf_options_have_the_published_defaults() -> None:
    found = callout("conferenceCallout", destination=NUMBER, conferenceId="c", conferenceDtmfOptions={})

    assert found.conference_dtmf == DtmfOptions("ignore", 1, 3000)


def test_the_first_five_legal_callback_headers_go_with_the_call() -> None:
    headers = (
        ("Content-Type", "application/json"),
        ("X-CB-One", "1"),
        ("x-cb-two", "2"),
        ("X-CB-" + "n" * 28, "its name is too long"),
        ("X-CB-Long", "x" * 129),
        ("X-CB-Umlaut", "ü"),
        ("X-CB-Three", ""),
        ("X-CB-Four", "4"),
        ("X-CB-Five", "x" * 128),
        ("X-CB-Six", "6"),
    )
    found = callout("ttsCallout", headers, destination=NUMBER, text="Hi.")

    assert [name for name, _ in found.headers] == ["X-CB-One", "x-cb-two", "X-CB-Three", "X-CB-Four", "X-CB-Five"]


@pytest.mark.parametrize(
    "url",
    ["http://", "https:///x", "https://a b", "https://a:99999", "https://[", "x" * 10, "https://a/" + "x" * 2048],
    ids=range(7),
)
def test_an_address_that_nobody_can_call_is_refused(url: str) -> None:
    with pytest.raises(Refused, match="no absolute http or https URL"):
        callout("customCallout", ice=url)


def test_a_prompt_in_a_callout_is_judged_as_in_an_answer() -> None:
    with pytest.raises(Refused) as error:
        callout("ttsCallout", destination=NUMBER, text="x" * 601)

    assert error.value.code == 40001
    assert "600" in error.value.message


@pytest.mark.parametrize("endpoint", ["alice@example.com", "sip:alice@example.com:5061;transport=tls"])
def test_a_sip_address_may_have_its_scheme_and_its_port(endpoint: str) -> None:
    found = callout("ttsCallout", destination={"type": "SIP", "endpoint": endpoint}, text="Hi.")

    assert found.destination == Identity("sip", endpoint)
