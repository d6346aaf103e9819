"""Scenario files: what is read from them, and every mistake with its line."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from devserver.calls.callees import Callee
from devserver.calls.outcomes import Outcome
from devserver.calls.scenario import (
    NOBODY,
    Expectations,
    Leave,
    Manage,
    Pause,
    Press,
    Scenario,
    Span,
    Speak,
    UntilCallback,
    UntilConnected,
    UntilHeard,
    UntilMenu,
    Wanted,
)
from devserver.calls.scenario_reading import Invalid, read_scenarios
from devserver.calls.settings import Settings
from devserver.calls.setup import ConferenceDtmf, Identity

FILE = "calls.yaml"


def one(text: str, **variables: str) -> Scenario:
    (scenario,) = read_scenarios(text, FILE, variables)
    return scenario


def steps(text: str) -> list[Any]:
    return list(one(f"steps:\n{text}").steps)


def mistakes(text: str) -> list[str]:
    with pytest.raises(Invalid) as caught:
        read_scenarios(text, FILE)
    return str(caught.value).splitlines()


# --- who calls whom --------------------------------------------------------------------------------------------------


def test_the_least_scenario_is_a_call_from_somebody_to_the_function() -> None:
    scenario = one("steps: hangup")
    assert (scenario.name, scenario.file, scenario.line) == ("calls", FILE, 1)
    assert (scenario.setup.kind, scenario.setup.origin) == ("inbound", "PSTN")
    assert scenario.setup.cli.startswith("+")
    assert scenario.setup.to is not None
    assert scenario.setup.to.type == "did"
    assert scenario.expect == Expectations()
    assert scenario.settings == Settings()


def test_numbers_and_words_stay_what_was_written() -> None:
    scenario = one('from: +12015550100\nto: "+12015550101"\ncustom: no\nsteps: [{press: 0123}]')
    assert scenario.setup.cli == "+12015550100"
    assert scenario.setup.to == Identity("did", "+12015550101")
    assert scenario.setup.custom == "no"
    assert scenario.steps == (Press(4, "0123"),)


@pytest.mark.parametrize(
    ("text", "kind", "origin", "to"),
    [
        ("kind: pstn\nto: +12015550101", "inbound", "PSTN", Identity("did", "+12015550101")),
        ("kind: sip\nto: +12015550101", "inbound", "SIP", Identity("did", "+12015550101")),
        ("kind: sip\nto: help@example.com", "inbound", "SIP", Identity("sip", "help@example.com")),
        ("kind: app\nto: anna", "inbound", "MXP", Identity("username", "anna")),
        ("kind: app\nto: +12015550101", "inbound", "MXP", Identity("number", "+12015550101")),
        ("kind: app\nto: room\nto_type: conference", "inbound", "MXP", Identity("conference", "room")),
        ("kind: tts\nto: +12015550101", "tts", "SERVER", Identity("number", "+12015550101")),
        ("kind: conference\nto: anna", "conference", "SERVER", Identity("username", "anna")),
        ("kind: custom", "custom", "SERVER", None),
    ],
)
def test_every_kind_of_call_can_be_had(text: str, kind: str, origin: str, to: Identity | None) -> None:
    setup = one(text).setup
    assert (setup.kind, setup.origin, setup.to) == (kind, origin, to)
    assert (setup.callout is None) == (kind == "inbound")


def test_a_callout_brings_its_fields_and_its_svaml() -> None:
    scenario = one("""
kind: custom
to: +12015550101
callout:
  max_duration: 60
  enable_dice: yes
  conference_dtmf: {mode: detect, digits: 4, timeout: 2.5}
  ice: {action: {name: connectPstn, number: "+12015550102", maxDuration: 30, amd: {enabled: true}}}
  pie: https://example.com/pie
""")
    callout = scenario.setup.callout
    assert callout is not None
    assert (callout.max_duration, callout.enable_dice, callout.pie) == (60, True, "https://example.com/pie")
    assert callout.conference_dtmf == ConferenceDtmf("detect", 4, 2.5)
    assert json.loads(callout.ice) == {
        "action": {"name": "connectPstn", "number": "+12015550102", "maxDuration": 30, "amd": {"enabled": True}}
    }


def test_service_numbers_have_no_country_code() -> None:
    assert one("from: 112").setup.cli == "112"


def test_what_a_session_knows_is_filled_in_later() -> None:
    scenario = one("{from: private, user: anna, rdnis: '1', headers: {a: b}, callback_headers: {X-CB-a: c}}")
    setup = scenario.of("c1", "key", "http://127.0.0.1:1/", 5.0)
    assert (setup.callid, setup.application_key, setup.urls, setup.epoch) == (
        "c1",
        "key",
        ("http://127.0.0.1:1/",),
        5.0,
    )
    assert (setup.cli, setup.user, setup.rdnis) == ("private", "anna", "1")
    assert (setup.call_headers, setup.callback_headers) == ((("a", "b"),), (("X-CB-a", "c"),))


@pytest.mark.parametrize(
    ("function", "urls"),
    [("up", ("URL",)), ("down", (NOBODY, NOBODY)), ("fallback", (NOBODY, "URL")), ("none", ())],
)
def test_a_function_may_be_out_of_reach(function: str, urls: tuple[str, ...]) -> None:
    assert one(f"function: {function}").of("c1", "key", "URL", 0.0).urls == urls


# --- steps -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("- heard: Welcome", [UntilHeard(2, ("Welcome",))]),
        ("- heard: [Welcome, Press 1]", [UntilHeard(2, ("Welcome", "Press 1"))]),
        ("- {menu: main, press: '1'}", [UntilMenu(2, "main"), Press(2, "1")]),
        ("- {menu: main, barge: yes, press: '1'}", [UntilMenu(2, "main", barge=True), Press(2, "1")]),
        ("- {press: '1', menu: main}", [UntilMenu(2, "main"), Press(2, "1")]),
        ("- {heard: Hi, wait: 2, say: sales}", [UntilHeard(2, ("Hi",)), Pause(2, 2.0), Speak(2, "sales")]),
        ("- press: '1, w 2 #*'", [Press(2, "1w2#*")]),
        ("- {press: '1', by: callee}", [Press(2, "1", "callee")]),
        ("- callback: PIE sales", [UntilCallback(2, "pie sales")]),
        ("- connected: +12015550102", [UntilConnected(2, "+12015550102")]),
        ("- wait: 2.5", [Pause(2, 2.5)]),
        ("- hangup", [Leave(2)]),
        ("- hangup:", [Leave(2)]),
        ("- hangup: callee", [Leave(2, "callee")]),
        ("- patch: {action: {name: hangup}}", [Manage(2, b'{"action":{"name":"hangup"}}')]),
        ("- patch: '{'", [Manage(2, b"{")]),
        ("- {patch: {action: {name: continue}}, leg: both}", [Manage(2, b'{"action":{"name":"continue"}}', "both")]),
        ("  hangup", [Leave(2)]),
    ],
)
def test_a_step_is_what_is_waited_for_and_what_is_done_then(text: str, found: list[Any]) -> None:
    assert steps(text) == found


def test_svaml_keeps_the_kinds_of_its_values() -> None:
    (step,) = steps("- patch: {a: 1, b: '1', c: true, d: 1.5, e: null, f: [x, +46], g: 007, h: no}")
    assert json.loads(step.body) == {
        "a": 1, "b": "1", "c": True, "d": 1.5, "e": None, "f": ["x", "+46"], "g": "007", "h": "no",
    }  # fmt: skip


def test_blocks_stand_where_they_are_used_with_their_own_lines() -> None:
    scenario = one("""\
blocks:
  to sales:
  - {menu: main, press: "1"}
  sales and back:
  - use: to sales
  - hangup
steps:
- heard: Welcome
- use: sales and back
""")
    assert scenario.steps == (UntilHeard(8, ("Welcome",)), UntilMenu(3, "main"), Press(3, "1"), Leave(6))


def test_variables_are_filled_in_everywhere() -> None:
    scenario = one(
        """
variables: {sales: "+12015550102", key: 1}
to: ${number}
callees: {$sales: busy}
steps:
- press: $key
- heard: Call $sales for 5 $$
expect: {connected: "${sales}"}
""",
        number="+12015550101",
        sales="not this one",
    )
    assert scenario.setup.to == Identity("did", "+12015550101")
    assert scenario.callees == {"+12015550102": Callee("busy")}
    assert scenario.steps == (Press(6, "1"), UntilHeard(7, ("Call +12015550102 for 5 $",)))
    assert scenario.expect.connected == (Wanted(8, "+12015550102"),)


# --- the others ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "callee"),
    [
        ("answers", Callee()),
        ("busy", Callee("busy")),
        ("no answer", Callee("no answer")),
        ("no_answer", Callee("no answer")),
        ("rejected", Callee("rejected")),
        ("congestion", Callee("no route")),
        ("{answers: 3}", Callee(after=3.0)),
        ("{answers: 3, hangs_up: 10, presses: 'w1'}", Callee(after=3.0, talks=10.0, keys="w1")),
        ("{answers: 3, hangs up: 10}", Callee(after=3.0, talks=10.0)),
        ("{fails: busy, after: 4}", Callee("busy", after=4.0)),
        ("{amd: machine, amd_after: 3, beep: 6}", Callee(amd="machine", amd_after=3.0, beep_after=6.0)),
    ],
)
def test_callees_behave_as_they_are_told(text: str, callee: Callee) -> None:
    assert one(f"callees: {{other: {text}}}").callees == {"other": callee}


def test_settings_of_the_platform_are_named() -> None:
    settings = one("""
settings:
  menu_repeats: 1
  menu_timeout: 2.5
  error_prompt: Sorry.
  pie_on_hangup: no
  unknown_menu: pie
  prompts_answer: without connect
  menu_timeout_value: none
  outcomes: {busy: FAILED BUSY}
""").settings
    assert (settings.menu_repeats, settings.menu_timeout, settings.error_prompt) == (1, 2.5, "Sorry.")
    assert (settings.pie_on_hangup, settings.unknown_menu, settings.menu_timeout_value) == (False, "pie", None)
    assert settings.outcomes["busy"].answered == settings.outcomes["busy"].before == Outcome("FAILED", "BUSY")


# --- what is expected ------------------------------------------------------------------------------------------------


def test_everything_can_be_expected() -> None:
    expect = one("""\
expect:
  heard: [Welcome, Goodbye]
  heard_exactly: [Welcome!, Goodbye.]
  not_heard: error
  menus: main
  connected: ["+12015550102"]
  result: answered
  reason: CALLERHANGUP
  duration: {least: 3, most: 10}
  cookies: {lang: no}
  callbacks: [ice, pie sales, dice]
  findings: none
  fails: yes
""").expect
    assert expect == Expectations(
        line=2,
        heard=(Wanted(2, "Welcome"), Wanted(2, "Goodbye")),
        heard_exactly=(Wanted(3, "Welcome!"), Wanted(3, "Goodbye.")),
        not_heard=(Wanted(4, "error"),),
        menus=(Wanted(5, "main"),),
        connected=(Wanted(6, "+12015550102"),),
        result=Wanted(7, "ANSWERED"),
        reason=Wanted(8, "CALLERHANGUP"),
        duration=Span(9, 3.0, 10.0),
        cookies=(("lang", Wanted(10, "no")),),
        callbacks=(Wanted(11, "ice"), Wanted(11, "pie sales"), Wanted(11, "dice")),
        findings=(),
        fails=True,
    )


def test_nothing_can_be_expected_too() -> None:
    expect = one("expect: {heard_exactly: none, connected: none, callbacks: none, duration: 4}").expect
    assert expect.heard_exactly == expect.callbacks == ()
    assert expect.not_connected
    assert expect.connected == ()
    assert expect.duration == Span(1, 4.0, 4.0)


# --- several in a file -----------------------------------------------------------------------------------------------


def test_what_stands_beside_the_scenarios_holds_for_each_of_them() -> None:
    first, second = read_scenarios(
        """
to: +12015550101
patience: 30
callees: {"+12015550102": busy, other: rejected}
settings: {menu_repeats: 1, menu_timeout: 2}
scenarios:
- name: First
- to: +12015550103
  callees: {other: answers}
  settings: {menu_repeats: 2}
""",
        FILE,
    )
    assert [first.name, second.name] == ["First", "the call of line 8"]
    assert (first.patience, second.patience) == (30.0, 30.0)
    assert second.setup.to == Identity("did", "+12015550103")
    assert second.callees == {"+12015550102": Callee("busy"), "other": Callee()}
    assert (second.settings.menu_repeats, second.settings.menu_timeout) == (2, 2.0)
    assert first.settings.menu_repeats == 1


# --- mistakes --------------------------------------------------------------------------------------------------------

WRONG = [
    ("", 'line 1: The file is empty. A scenario has "from", "to" and "steps".'),
    ("# nothing", 'line 1: The file is empty. A scenario has "from", "to" and "steps".'),
    ("- a", "line 1: A scenario file is a mapping of keys to values, not a list."),
    ("text", "line 1: A scenario file is a mapping of keys to values, not a text."),
    ("steps: [", "line 1: this is not YAML: expected the node content, but found '<stream end>'"),
    ("a: b: c", "line 1: this is not YAML: mapping values are not allowed here"),
    ("steps: hangup\n---\nsteps: hangup", "line 2: this is not YAML: a second document begins; several calls of one file go under `scenarios:`"),
    ("steps: \x07", "line 1: a character here is none of YAML's"),
    ("steps: *a", "line 1: this is not YAML: found undefined alias 'a'"),
    ("? [a]\n: b", "line 1: A key of a scenario file is a word, not a list."),
    ("\nfron: a", 'line 2: "fron" is no key of a scenario file. Did you mean "from"?'),
    ("zzz: a", 'line 1: "zzz" is no key of a scenario file. Known are kind, from, to,'),
    ("to: +12015550101\nto: +12015550102", 'line 2: "to" stands twice in a scenario file.'),
    ("kind: pst", 'line 1: "pst" is no "kind". Did you mean "pstn"?'),
    ("from: '12015550100'", 'line 1: "from" is a phone number with plus and country code, not "12015550100". Write it as "+12015550100".'),
    ("to: sales", 'line 1: "to" is a phone number with plus and country code, not "sales". An example is "+12015550100".'),
    ("kind: tts", 'line 1: The scenario does not say who is called: it has no "to".'),
    ("callout: {text: Hi}", 'line 1: "callout" belongs to a scenario of kind tts, conference or custom.'),
    ("kind: tts\nto: +12015550101\ncallout: {txt: Hi}", 'line 3: "txt" is no key of "callout". Did you mean "text"?'),
    ("kind: custom\ncallout: {conference_dtmf: {mode: detct}}", 'line 2: "detct" is no "mode". Did you mean "detect"?'),
    ("from: [a]", 'line 1: "from" is one text, not a list.'),
    ("to:", 'line 1: "to" has no value.'),
    ("headers: a", 'line 1: "headers" is a mapping of keys to values, not a text.'),
    ("function: dwn", 'line 1: "dwn" is no "function". Did you mean "down"?'),
    ("patience: long", 'line 1: "patience" is a number from 0 to 14400, not "long".'),
    ("patience: -1", 'line 1: "patience" is a number from 0 to 14400, not "-1".'),
    ("patience: .nan", 'line 1: "patience" is a number from 0 to 14400, not ".nan".'),
    ("steps:", 'line 1: "steps" has no value.'),
    ("steps: [hang]", 'line 1: "hang" is no step. Did you mean "hangup"?'),
    ("steps: [xyz]", 'line 1: "xyz" is no step. A step is one of heard, menu,'),
    ("steps:\n- [a]", "line 2: A step is a mapping of keys to values, not a list."),
    ("steps:\n- prees: 1", 'line 2: "prees" is no key of a step. Did you mean "press"?'),
    ("steps:\n- press: 1A", 'line 2: "press" has "A"; the keys are 0-9, * and #, and w waits for half a second. The letter "A" is on key 2.'),
    ("steps:\n- press: 1+", 'line 2: "press" has "+"; the keys are 0-9, * and #, and w waits for half a second.'),
    ("steps:\n- press: ''", 'line 2: "press" has no value.'),
    ("steps:\n- {press: 1, by: caller2}", 'line 2: "caller2" is no "by". Did you mean "caller"?'),
    ("steps:\n- by: callee", 'line 2: "by" says more about a step, but there is none.'),
    ("steps:\n- wait: a while", 'line 2: "wait" is a number from 0 to 14400, not "a while".'),
    ("steps:\n- {menu: main, barge: perhaps}", 'line 2: "barge" is yes or no, not "perhaps".'),
    ("steps:\n- callback: ices", 'line 2: "ices" is no callback. Did you mean "ice"?'),
    ("steps:\n- hangup: me", 'line 2: "me" is no "hangup". Known are caller, callee.'),
    ("steps:\n- heard: $greeting", 'line 2: There is no variable "greeting". Set it under "variables", or write "$$" for a dollar.'),
    ("variables: {greeting: Hi}\nsteps:\n- heard: $greting", 'line 3: There is no variable "greting". Did you mean "greeting"?'),
    ("steps:\n- use: sales", 'line 2: There is no block "sales". Blocks of steps are written under "blocks".'),
    ("blocks: {sales: hangup}\nsteps:\n- use: sale", 'line 3: There is no block "sale". Did you mean "sales"?'),
    ("blocks: {sales: hangup}\nsteps:\n- {use: sales, press: 1}", 'line 3: "use" stands alone in its step, without "press".'),
    ("blocks:\n  a: [{use: b}]", 'line 2: There is no block "b". There are a.'),
    ("blocks: {a: [{use: a}]}", "line 1: The block a uses a, and so never ends."),
    ("callees: {other: bussy}", 'line 1: "bussy" is nothing that a callee does. Did you mean "busy"?'),
    ("callees: {other: {answer: 1}}", 'line 1: "answer" is no key of a callee. Did you mean "answers"?'),
    ("callees: {other: {fails: busy, presses: 1}}", 'line 1: A callee that "fails" has no "presses".'),
    ("callees: {other: {answers: 1, after: 2}}", 'line 1: "answers" says already after how many seconds. Leave out "after".'),
    ("callees: {other: {amd: robot}}", 'line 1: "robot" is no "amd". Known are human, machine, notsure, hangup.'),
    ("settings: {menu_repeat: 1}", 'line 1: "menu_repeat" is no key of "settings". Did you mean "menu_repeats"?'),
    ("settings: {menu_repeats: 1.5}", 'line 1: "menu_repeats" is a whole number, not 1.5.'),
    ("settings: {unknown_menu: ilegal}", 'line 1: "ilegal" is no "unknown_menu". Did you mean "illegal"?'),
    ("settings: {outcomes: {bussy: A B}}", 'line 1: "bussy" is no situation. Did you mean "busy"?'),
    ("settings: {outcomes: {busy: A}}", 'line 1: "busy" is a result and a reason, such as "BUSY N/A".'),
    ("expect: {haerd: Hi}", 'line 1: "haerd" is no key of "expect". Did you mean "heard"?'),
    ("expect: {result: answerd}", 'line 1: "answerd" is no "result". Did you mean "answered"?'),
    ("expect: {reason: '404'}", 'line 1: "404" is no "reason". Known are'),
    ("expect: {callbacks: [ice, pi]}", 'line 1: "pi" is no callback. Did you mean "pie"?'),
    ("expect: {duration: {least: 3, most: 2}}", 'line 1: "least" is 3 and "most" is 2: no duration is between them.'),
    ("expect: {fails: perhaps}", 'line 1: "fails" is yes or no, not "perhaps".'),
    ("scenarios: hangup", 'line 1: "scenarios" is a list of scenarios, each with "steps" or "expect".'),
    ("scenarios: []", 'line 1: "scenarios" is a list of scenarios, each with "steps" or "expect".'),
    ("scenarios:\n- a", "line 2: A scenario is a mapping of keys to values, not a text."),
    ("scenarios: [{name: A}]\nsteps: hangup", 'line 2: "steps" is no key of a scenario file.'),
    ("scenarios:\n- name: A\n- name: A", 'line 3: "A" is the name of the scenario in line 2, too.'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), WRONG, ids=[f"{place}" for place in range(len(WRONG))])
def test_every_mistake_is_a_sentence_with_its_line(text: str, sentence: str) -> None:
    assert [line for line in mistakes(text) if line.startswith(f"{FILE} {sentence}")], mistakes(text)


@pytest.mark.parametrize(("text", "sentence"), WRONG, ids=[f"{place}" for place in range(len(WRONG))])
def test_one_mistake_is_told_once(text: str, sentence: str) -> None:
    assert len(mistakes(text)) == 1


def test_all_mistakes_are_told_in_the_order_of_their_lines() -> None:
    assert mistakes("steps: [{prss: 1}]\nfrom: abc\nkind: pstm") == [
        f'{FILE} line 1: "prss" is no key of a step. Did you mean "press"?',
        f'{FILE} line 2: "from" is a phone number with plus and country code, not "abc". An example is "+12015550100".',
        f'{FILE} line 3: "pstm" is no "kind". Did you mean "pstn"?',
    ]


def test_blocks_that_go_round_in_a_circle_are_named() -> None:
    assert mistakes("blocks:\n  a: [{use: b}]\n  b: [{use: c}]\n  c: [{use: b}]\nsteps: [{use: a}]") == [
        f"{FILE} line 3: The block b uses c uses b, and so never ends.",
        f"{FILE} line 4: The block c uses b uses c, and so never ends.",
    ]


def test_blocks_that_double_and_double_come_to_an_end() -> None:
    doubling = "\n".join(f"  b{place}: [{{use: b{place + 1}}}, {{use: b{place + 1}}}]" for place in range(40))
    text = f"blocks:\n{doubling}\n  b40: hangup\nsteps: [{{use: b0}}]"
    assert mistakes(text) == [f"{FILE} line 43: These are more than 10,000 steps, with those of the blocks."]


def test_a_file_that_is_too_large_is_not_looked_at() -> None:
    assert mistakes("# " + "x" * (1 << 20)) == [f"{FILE} line 1: this is larger than a megabyte"]


@pytest.mark.parametrize(
    "text",
    [
        "steps: " + "[" * 5000,
        "steps: [{patch: " + "{a: " * 100 + "1" + "}" * 100 + "}]",
        "steps:\n- patch: &a {b: *a}",
        "steps: &a [*a]",
        "blocks: &a {b: *a}",
    ],
)
def test_what_is_nested_without_end_is_a_mistake(text: str) -> None:
    assert mistakes(text)


def test_text_of_a_file_cannot_draw_lines_of_its_own() -> None:
    (line,) = mistakes('kind: "pst\\nn\\e[31m"')
    assert "\x1b" not in line


NODES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6)
    | st.sampled_from(["hangup", "busy", "$a", "main", "1", "+12015550100", "yes", "none", "ice", "use", "b"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from([
            "steps", "expect", "scenarios", "blocks", "variables", "callees", "settings", "callout", "kind", "from",
            "to", "heard", "menu", "press", "use", "patch", "wait", "by", "leg", "callbacks", "duration", "cookies",
            "outcomes", "b", "other", "conference_dtmf", "name", "headers",
        ]),
        inner,
        max_size=5,
    ),
    max_leaves=30,
)  # fmt: skip


@given(NODES)
@example({"scenarios": [None]})
@example({"steps": [{"use": "b"}], "blocks": {"b": None}})
def test_no_document_breaks_the_reading(document: Any) -> None:
    readable(yaml.safe_dump(document))


@given(st.text(max_size=200))
@example("{a: *a}")
@example("!!python/object:os.system x")
@example("%YAML 3.0\n---\na")
@example("\ud800")
@example("steps: !!binary x")
def test_no_text_breaks_the_reading(text: str) -> None:
    readable(text)


def readable(text: str) -> None:
    with suppress(Invalid):
        assert read_scenarios(text, FILE)
