"""HAR 1.2: what we write has everything that the format asks for, and what browsers write is read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from devserver.errors import FnError
from devserver.recorder.exchange import Answer, Effect, Exchange, Request
from devserver.recorder.har import read, render
from devserver.recorder.portable import PortableCall

ICE = Exchange(
    id="01aaaaaaaaaaaaaaaaaaaaaaa1",
    at=1_700_000_000.25,
    callid="c1",
    event="ice",
    source="tunnel",
    request=Request(
        "POST",
        "/ice?a=1&b=%20x&c",
        (
            ("Host", "example.ngrok.app"),
            ("Content-Type", "application/json"),
            ("Cookie", "a=1; b=2"),
            ("X", "1"),
            ("X", "2"),
        ),
        b'{"event":"ice","callid":"c1"}',
        "127.0.0.1",
    ),
    answer=Answer(
        200, (("Content-Type", "application/json"), ("Set-Cookie", "s=1; Path=/")), b'{"action":{"name":"hangup"}}'
    ),
    ms=12.5,
    generation=3,
    findings=[{"severity": "warning", "path": "action", "text": "Nobody hears it."}],
    logs=[{"at": 1.0, "level": "info", "text": "hi"}],
    error={"kind": "raised", "text": "boom"},
    marks=["deadline"],
    effects=[Effect("cache", "set", "k", 2.0, 1, 60.0)],
)
BINARY = Exchange(
    "01aaaaaaaaaaaaaaaaaaaaaaa2",
    1_700_000_001.0,
    None,
    None,
    "local",
    Request("PUT", "/up", (), b"\xff\x00"),
    Answer(200, (), b"\x89PNG"),
)
SILENT = Exchange(
    "01aaaaaaaaaaaaaaaaaaaaaaa3", 1_700_000_002.0, "c1", "dice", "local", Request("POST", "/dice", (), b"{}")
)

# What HAR 1.2 requires, http://www.softwareishard.com/blog/har-12-spec/: path of the object -> keys and their types.
REQUIRED: dict[str, dict[str, type | tuple[type, ...]]] = {
    "log": {"version": str, "creator": dict, "entries": list},
    "log.creator": {"name": str, "version": str},
    "log.entries[]": {
        "startedDateTime": str,
        "time": (int, float),
        "request": dict,
        "response": dict,
        "cache": dict,
        "timings": dict,
    },
    "log.entries[].request": {
        "method": str,
        "url": str,
        "httpVersion": str,
        "cookies": list,
        "headers": list,
        "queryString": list,
        "headersSize": int,
        "bodySize": int,
    },
    "log.entries[].request.cookies[]": {"name": str, "value": str},
    "log.entries[].request.headers[]": {"name": str, "value": str},
    "log.entries[].request.queryString[]": {"name": str, "value": str},
    "log.entries[].request.postData?": {"mimeType": str, "params": list, "text": str},
    "log.entries[].response": {
        "status": int,
        "statusText": str,
        "httpVersion": str,
        "cookies": list,
        "headers": list,
        "content": dict,
        "redirectURL": str,
        "headersSize": int,
        "bodySize": int,
    },
    "log.entries[].response.cookies[]": {"name": str, "value": str},
    "log.entries[].response.headers[]": {"name": str, "value": str},
    "log.entries[].response.content": {"size": int, "mimeType": str},
    "log.entries[].timings": {"send": (int, float), "wait": (int, float), "receive": (int, float)},
}


def document(*exchanges: Exchange) -> Any:
    return json.loads(data(*exchanges))


def data(*exchanges: Exchange) -> bytes:
    return b"".join(render([PortableCall("c1", list(exchanges))]))


def objects(value: Any, path: str) -> list[Any]:
    """The objects at a path: `[]` is every item, `?` may be missing."""
    found = [value]
    for part in path.split("."):
        name = part.rstrip("[]?")
        found = [each[name] for each in found if not part.endswith("?") or name in each]
        if part.endswith("[]"):
            found = [item for each in found for item in each]
    return found


@pytest.mark.parametrize("path", REQUIRED)
def test_a_document_has_everything_that_the_format_requires(path: str) -> None:
    found = objects(document(ICE, BINARY, SILENT), path)
    assert found
    for each in found:
        for key, kind in REQUIRED[path].items():
            assert isinstance(each[key], kind), f"{path}.{key}"


def test_an_entry_says_what_browsers_show() -> None:
    entry = document(ICE)["log"]["entries"][0]
    assert entry["startedDateTime"] == "2023-11-14T22:13:20.250Z"
    assert entry["time"] == sum(entry["timings"].values()) == 12.5
    assert entry["request"]["url"] == "http://example.ngrok.app/ice?a=1&b=%20x&c"
    assert entry["request"]["queryString"] == [
        {"name": "a", "value": "1"},
        {"name": "b", "value": " x"},
        {"name": "c", "value": ""},
    ]
    assert entry["request"]["cookies"] == [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]
    assert entry["response"]["cookies"] == [{"name": "s", "value": "1"}]
    assert entry["request"]["postData"]["text"] == '{"event":"ice","callid":"c1"}'
    assert entry["response"]["statusText"] == "OK"
    assert entry["response"]["content"]["text"] == '{"action":{"name":"hangup"}}'
    assert entry["_fn"]["callid"] == "c1"
    assert entry["_fn"]["findings"] == ICE.findings
    assert entry["_fn"]["effects"][0]["key"] == "k"


def test_the_document_says_that_it_may_hold_personal_data() -> None:
    assert "personal data" in document(ICE)["log"]["comment"]


def test_our_document_comes_back_complete() -> None:
    assert [found.ours for found in read(data(ICE, BINARY, SILENT), "x.har")] == [ICE, BINARY, SILENT]


def browser(**request: Any) -> dict[str, Any]:
    return {
        "startedDateTime": "2026-07-01T12:00:00.000+02:00",
        "time": 12.0,
        "request": {
            "method": "POST",
            "url": "https://x.example/a/ice?q=1",
            "headers": [{"name": ":authority", "value": "x"}, {"name": "Content-Type", "value": "application/json"}],
            "bodySize": 15,
            "postData": {"mimeType": "application/json", "text": '{"event":"ice"}'},
            **request,
        },
        "response": {
            "status": 200,
            "headers": [{"name": "Content-Encoding", "value": "gzip"}, {"name": "X", "value": "y"}],
            "content": {"size": 2, "mimeType": "text/plain", "text": "b2s=", "encoding": "base64"},
        },
    }


def har(*entries: dict[str, Any]) -> bytes:
    return json.dumps({"log": {"version": "1.2", "creator": {}, "entries": entries}}).encode()


def test_a_document_of_a_browser_is_read() -> None:
    found = read(b"\xef\xbb\xbf" + har(browser()), "x.har")[0]
    assert found.at == 1_782_900_000.0
    assert found.request == Request("POST", "/a/ice?q=1", (("Content-Type", "application/json"),), b'{"event":"ice"}')
    assert found.answer == Answer(200, (("X", "y"),), b"ok")
    assert found.ms == 12.0
    assert found.ours is None


def test_a_form_in_parts_is_put_together() -> None:
    entry = browser(
        postData={"mimeType": "x", "params": [{"name": "From", "value": "+1 2"}, {"name": "b", "value": ""}]}
    )
    assert read(har(entry), "x.har")[0].request.body == b"From=%2B1%202&b="


def test_entries_come_in_the_order_of_their_times() -> None:
    later, earlier = browser(url="http://x/later"), browser(url="http://x/earlier")
    earlier["startedDateTime"] = "2020-01-01T00:00:00Z"
    assert [found.request.path for found in read(har(later, earlier), "x")] == ["/earlier", "/later"]


def test_an_aborted_request_has_no_answer() -> None:
    entry = browser()
    entry["response"] = {"status": 0, "content": {"size": 0}}
    assert read(har(entry), "x")[0].answer is None


def test_a_har_without_bodies_is_refused_with_the_way_to_get_them() -> None:
    for changed in ({"postData": None}, {"postData": {"mimeType": "x"}}, {"postData": None, "bodySize": -1}):
        with pytest.raises(FnError) as caught:
            read(har(browser(**changed)), "x.har")
        assert caught.value.message == "x.har is a HAR without the bodies of its requests, which cannot be replayed."
        assert "with content" in caught.value.hint
    entry = browser()
    del entry["response"]["content"]["text"]
    with pytest.raises(FnError, match="without the bodies of its answers"):
        read(har(entry), "x.har")


def test_requests_that_have_no_body_need_none() -> None:
    assert read(har(browser(method="GET", bodySize=0, postData=None)), "x")[0].request.body == b""
    assert read(har(browser(method="GET", bodySize=-1, postData=None)), "x")[0].request.body == b""


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b'{"log":{"entries":[{"startedDateTime":"2026',
        b'{"log":{"entries":[]}}',
        b'{"log":{}}',
        b"[" * 100_000,
        har(browser()).replace(b"2026-07", b"2026-77"),
        har(browser()).replace(b"b2s=", b"b2s"),
        har(browser()).replace(b"https://x.example", b"https://[x"),
    ],
    ids=["empty", "torn", "no entries", "no log", "deep", "time", "base64", "url"],
)
def test_what_is_no_complete_har_is_told_in_a_sentence(text: bytes) -> None:
    with pytest.raises(FnError, match=r"^x\.har is") as caught:
        read(text, "x.har")
    assert caught.value.hint
