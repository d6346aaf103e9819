"""Every callback of Sinch's own test suites goes through a running `fn dev`; illegal answers are pointed out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.commands import PYTHON, run, shown
from tests.e2e.running import Answer, Running, project

pytestmark = pytest.mark.e2e

FIXTURES = Path(__file__).parents[2] / "fixtures"
SAMPLES = sorted((FIXTURES / "callbacks").glob("callback-*.json"))
VALID = [sample for sample in SAMPLES if "invalid" not in sample.name]
INVALID = [sample for sample in SAMPLES if "invalid" in sample.name]


@pytest.fixture(scope="module")
def ivr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The phone menu of the examples."""
    folder = tmp_path_factory.mktemp("samples") / "ivr"
    ignored = shutil.ignore_patterns(".fn", "storage", "data", "__pycache__")
    running = Running(shutil.copytree(FIXTURES / "functions" / "simple-voice-ivr", folder, ignore=ignored))
    yield running
    running.close()


def assert_answered(event: str, payload: dict[str, Any], answer: Answer) -> None:
    """What the phone menu answers to a callback, by DESIGN 4."""
    assert answer.status == 200
    if event == "ice":
        assert answer.said == "Welcome to Example Bikes!"
        assert answer.json["action"]["name"] == "runMenu"
    elif event == "pie":
        # None of the samples' values is a department of this menu.
        assert answer.said == "Goodbye."
        assert answer.json["action"] == {"name": "hangup"}
    else:
        assert answer.body == b""


def told(running: Running, answer: Answer, kind: str = "callback") -> dict[str, Any]:
    exchange = answer.headers["X-Fn-Exchange"]
    return running.wait_for(kind, lambda event: event["id"] == exchange)


def test_there_are_samples_of_every_event() -> None:
    assert {sample.name.split("-")[1] for sample in VALID} == {"ice", "ace", "pie", "dice", "notify"}
    assert len(VALID) >= 18
    assert len(INVALID) == 2


@pytest.mark.parametrize("sample", VALID, ids=lambda sample: str(sample.stem))
@pytest.mark.parametrize("by", ["event", "path", "a prefix and the path"])
def test_a_sample_is_answered_told_and_recorded_as_it_came(ivr: Running, sample: Path, by: str) -> None:
    body = sample.read_bytes()
    payload = json.loads(body)
    name = payload["event"]
    path = {"event": "/", "path": f"/{name}"}.get(by, f"/voice/v1/{name}")

    answer = ivr.post(path, body)

    assert_answered(name, payload, answer)
    event = told(ivr, answer)
    assert (event["name"], event["callid"], event["path"]) == (name, payload["callid"], path)
    assert (event["status"], event["findings"], event.get("error")) == (200, [], None)
    assert ("hint" in event) == (name in {"ace", "notify"})


def test_what_is_recorded_of_the_samples_is_what_was_sent_byte_for_byte(ivr: Running) -> None:
    for sample in VALID[:3]:
        exchange = ivr.post("/", sample.read_bytes()).headers["X-Fn-Exchange"]

        assert shown(ivr.folder, exchange)["request"]["body"].encode() == sample.read_bytes()


@pytest.mark.parametrize("sample", INVALID, ids=lambda sample: str(sample.stem))
def test_what_is_no_callback_is_refused_at_the_root(ivr: Running, sample: Path) -> None:
    answer = ivr.post("/", sample.read_bytes())

    assert answer.status == 400
    assert "event" in answer.json["error"]
    assert told(ivr, answer, "request")["status"] == 400


# --- answers that the platform would not take ---------------------------------------------------------------------------

ILLEGAL = """
async def ice(context, event):
    return {"instructions": [{"name": "say", "text": "hi"}], "action": {"name": "connectPstn", "number": "call me"}}

async def pie(context, event):
    return {"action": {"name": "transfer"}}

async def ace(context, event):
    return {"action": {"name": "runMenu", "mainMenu": "main", "menus": []}}

async def dice(context, event):
    return {"action": {"name": "hangup"}}

async def notify(context, event):
    return "thank you"
"""


@pytest.fixture(scope="module")
def illegal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A function that returns raw dicts, all of them wrong."""
    running = Running(project(tmp_path_factory.mktemp("illegal") / "demo", ILLEGAL))
    yield running
    running.close()


@pytest.mark.parametrize("event", ["ice", "pie", "ace", "dice", "notify"])
def test_findings_about_an_illegal_answer_are_told_and_recorded_and_the_answer_is_sent_as_it_is(
    illegal: Running, event: str
) -> None:
    answer = illegal.post(f"/{event}", {"event": event, "callid": f"c-{event}"})

    assert answer.status == 200
    assert answer.body
    findings = told(illegal, answer)["findings"]
    assert findings
    for finding in findings:
        assert finding["severity"] in {"error", "warning"}
        assert finding["text"].endswith(".")
        assert {"severity", "path", "text"} <= set(finding)
    exchange = answer.headers["X-Fn-Exchange"]
    assert shown(illegal.folder, exchange)["findings"] == findings
    words = run("recordings", "show", exchange, "--dir", illegal.folder).stdout
    assert "Findings" in words
    assert findings[0]["text"] in words


def test_the_path_of_a_finding_leads_to_the_place_in_the_answer(illegal: Running) -> None:
    findings = told(illegal, illegal.post("/ice", {"callid": "c"}))["findings"]

    assert [finding["path"] for finding in findings if finding["severity"] == "error"] == ["action.number"]


def test_findings_stand_under_the_callback_for_people_too(tmp_path: Path) -> None:
    folder = project(tmp_path / "demo", ILLEGAL)
    call = "import os, urllib.request as u; u.urlopen(os.environ['FN_FUNCTION_URL'] + '/ice', b'{}')"
    done = run("dev", "--port", "0", "--exec", f'{PYTHON} -c "{call}"', folder)

    lines = done.stdout.splitlines()
    number = next(index for index, line in enumerate(lines) if "  ice " in line)
    assert "say + connectPstn" in lines[number]
    assert lines[number + 1].lstrip().startswith("error: action")
