"""Lines as frpc 0.71 wrote them, and what people are told."""

from __future__ import annotations

import pytest

from devserver.tunnel.frp_words import why

SAID = {
    "token": (
        (
            "login to the server failed: token in login doesn't match token from configuration. With loginFailExit "
            "enabled, no additional retries will be attempted"
        ),
        "The frp server refuses the token.",
        "FRP_TOKEN",
    ),
    "refused": (
        "login to the server failed: dial tcp 127.0.0.1:17000: connect: connection refused. With loginFailExit enabled",
        "The frp server cannot be reached: connection refused.",
        "`server` in dev.frp",
    ),
    "no name": (
        "login to the server failed: dial tcp: lookup frp.example.com: no such host",
        "The frp server cannot be reached: no such host.",
        "`server` in dev.frp",
    ),
    "taken": (
        "2026-11-30 01:04:52.557 [W] [client/control.go:172] [fn-2] start error: router config conflict",
        "The name in dev.frp is in use by another client of the frp server.",
        "subdomain",
    ),
    "no subdomains": (
        "start error: subdomain is not supported because this feature is not enabled in remote frps",
        "The frp server has no subdomains.",
        "subDomainHost",
    ),
    "no http": (
        "start error: type [http] not supported when vhost http port is not set",
        "The frp server has no port for HTTP.",
        "vhostHTTPPort",
    ),
}


@pytest.mark.parametrize(("line", "sentence", "step"), SAID.values(), ids=SAID)
def test_known_failures_are_one_sentence_with_the_next_step(line: str, sentence: str, step: str) -> None:
    failed = why(["something before", line, "something after"], "frpc ended.")
    assert failed.message == sentence
    assert step in failed.hint


def test_anything_else_is_quoted() -> None:
    failed = why(["the sky is falling"], "frpc ended with status 1.")
    assert failed.message == "frpc ended with status 1."
    assert "the sky is falling" in failed.hint


def test_the_newest_reason_counts() -> None:
    assert "token" in why([SAID["refused"][0], SAID["token"][0]], "").message
