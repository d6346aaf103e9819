"""Lines as cloudflared 2026.7.2 wrote them, and what people are told."""

from __future__ import annotations

import errno
import json

import pytest

from devserver.tunnel.cloudflared_words import (
    LOST,
    hopeless,
    is_registered,
    metrics_address,
    text_of,
    unknown_option,
    why_away,
    why_ended,
    why_not_ready,
    why_not_started,
)

NO_METRICS = (
    "Error opening metrics server listener: failed to bind to address (127.0.0.1:80): "
    "listen tcp 127.0.0.1:80: bind: address already in use"
)
QUIC = (
    '{"connIndex":0,"error":"failed to dial to edge with quic: timeout: no recent network activity","event":0,'
    '"ip":"198.51.100.7","level":"error","message":"Failed to dial a quic connection"}'
)
DNS = 'failed to request quick Tunnel: Post "https://api.trycloudflare.com/tunnel": dial tcp: '
EDGE_DNS = (
    '{"error":"lookup _v2-origintunneld._tcp.argotunnel.com on 127.0.0.53:53: no such host","event":0,'
    '"level":"error","message":"edge discovery: error looking up Cloudflare edge IPs: the DNS query failed"}'
)
CLOSED = '{"connIndex":0,"error":"connection with edge closed","level":"warn","message":"Serve tunnel error"}'

ENDED = {
    "too many": (
        (
            '{"error":"invalid character","level":"error","status_code":"429 Too Many Requests",'
            '"message":"Error unmarshaling QuickTunnel response: error code: 1015"}'
        ),
        "Cloudflare hands out no more quick tunnels to this address for now.",
        "Wait a minute",
    ),
    "service broken": (
        (
            '{"error":"invalid character","level":"error","status_code":"500 Internal Server Error",'
            '"message":"Error unmarshaling QuickTunnel response: error code: 1101"}'
        ),
        "Cloudflare's quick tunnel service does not work at the moment: it answers 500.",
        "Try again later",
    ),
    "not understood": (
        "failed to unmarshal quick Tunnel: invalid character 'e' looking for beginning of value",
        "Cloudflare's quick tunnel service gave an answer that cloudflared does not understand.",
        "Try again later",
    ),
    "no name server": (
        DNS + "lookup api.trycloudflare.com on 127.0.0.53:53: server misbehaving",
        "The name api.trycloudflare.com cannot be looked up, so there is no network or no name server.",
        "Check the network",
    ),
    "no name server at all": (
        DNS + "lookup api.trycloudflare.com: no such host",
        "The name api.trycloudflare.com cannot be looked up, so there is no network or no name server.",
        "Check the network",
    ),
    "refused": (
        (
            'failed to request quick Tunnel: Post "http://127.0.0.1:1/tunnel": dial tcp 127.0.0.1:1: '
            "connect: connection refused"
        ),
        "Cloudflare's quick tunnel service cannot be reached: connection refused.",
        "Check the network",
    ),
    "no network": (
        'failed to request quick Tunnel: Post "https://x/tunnel": dial tcp 1.2.3.4:443: connect: network is unreachable',
        "Cloudflare's quick tunnel service cannot be reached: network is unreachable.",
        "Check the network",
    ),
    "intercepted": (
        (
            'failed to request quick Tunnel: Post "https://x/tunnel": tls: failed to verify certificate: '
            "x509: certificate signed by unknown authority"
        ),
        (
            "The certificate of Cloudflare's quick tunnel service is not accepted: "
            "x509: certificate signed by unknown authority."
        ),
        "SSL_CERT_FILE",
    ),
    "metrics port": (NO_METRICS, "The port for cloudflared's metrics is taken.", "--metrics"),
    "secret": (
        '{"error":"Unauthorized: Invalid tunnel secret","level":"error","message":"failed to serve incoming request"}',
        "Cloudflare refuses the credentials of the tunnel.",
        "cloudflared tunnel create",
    ),
    "not allowed": (
        '{"error":"Unauthorized: Tunnel not found","level":"error","message":"failed to serve incoming request"}',
        "Cloudflare refuses the tunnel: Unauthorized: Tunnel not found.",
        "cloudflared tunnel list",
    ),
    "no login": (
        "error parsing tunnel ID: Error locating origin cert: client didn't specify origincert path",
        "cloudflared is not logged in, so it knows no tunnels by name.",
        "cloudflared tunnel login",
    ),
    "no credentials": (
        "tunnel credentials file not found",
        "The credentials of the tunnel are not on this machine.",
        "cloudflared tunnel create",
    ),
    "unknown option": (
        "Incorrect Usage. flag provided but not defined: -bogus",
        "cloudflared does not know the option --bogus.",
        "FN_CLOUDFLARED_ARGS",
    ),
    "unknown value": (
        'Incorrect Usage. invalid value "x" for flag -grace-period: parse error',
        "cloudflared does not take that value of --grace-period.",
        "FN_CLOUDFLARED_ARGS",
    ),
    "udp": (QUIC, "Cloudflare's edge cannot be reached over UDP.", "port 7844"),
    "hung up": (CLOSED, "Cloudflare's edge hangs up.", "port 7844"),
    "edge refused": (
        '{"error":"DialContext error: dial tcp 198.51.100.7:7844: i/o timeout","level":"error","message":"Unable to establish connection with Cloudflare edge"}',
        "Cloudflare's edge cannot be reached: DialContext error: dial tcp 198.51.100.7:7844: i/o timeout.",
        "port 7844",
    ),
    "edge unknown": (EDGE_DNS, "The addresses of Cloudflare's edge cannot be looked up.", "Check the network"),
    "unforeseen": ("the sky is falling.", "cloudflared ended with status 1: the sky is falling.", "--public-url"),
}


@pytest.mark.parametrize(("line", "sentence", "step"), ENDED.values(), ids=ENDED)
def test_why_it_ended_is_one_sentence_with_the_next_step(line: str, sentence: str, step: str) -> None:
    failed = why_ended(["a line before", text_of(line), "a line after"][: 2 if "sky" in line else 3], 1)
    assert failed.message == sentence
    assert step in failed.hint


def test_the_exact_reason_wins_over_its_consequence_wherever_it_stands() -> None:
    lines = [text_of(line) for line in (EDGE_DNS, CLOSED, ENDED["secret"][0], CLOSED)]
    assert why_ended(lines, 1).message == "Cloudflare refuses the credentials of the tunnel."


@pytest.mark.parametrize("status", [137, 143, -9, None])
def test_a_signal_is_not_a_failure_of_its_own(status: int | None) -> None:
    failed = why_ended([], status)
    assert failed.message == "cloudflared was killed."
    assert failed.hint.startswith("Start fn dev again"), "at the start it is not started again by itself"


def test_waiting_for_wrong_credentials_does_not_help_and_for_a_blocked_port_it_may() -> None:
    failed = hopeless([text_of(ENDED["secret"][0])])
    assert failed is not None
    assert "credentials" in failed.message
    assert hopeless([text_of(QUIC), text_of(CLOSED)]) is None


def test_not_ready_in_time() -> None:
    assert why_not_ready([text_of(QUIC)], 20.0).message == "Cloudflare's edge cannot be reached over UDP."
    silent = why_not_ready([], 20.0)
    assert silent.message == "cloudflared has no connection to Cloudflare after 20 s."
    assert "7844" in silent.hint


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([], LOST),
        ([CLOSED], LOST),  # says that it is lost, which everybody sees
        ([CLOSED, QUIC], "Cloudflare's edge cannot be reached over UDP."),
        ([EDGE_DNS], LOST),
    ],
)
def test_why_it_is_away(lines: list[str], sentence: str) -> None:
    assert why_away([text_of(line) for line in lines]) == sentence


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOEXEC, "/x/program is not a program for this machine: its architecture is another one."),
        (errno.ENOENT, "/x/program needs a loader or an interpreter that is not on this machine."),
        (errno.EACCES, "/x/program may not be executed."),
        (errno.ENOMEM, "/x/program cannot be started (ENOMEM)."),
    ],
)
def test_why_it_could_not_be_started(number: int, sentence: str) -> None:
    failed = why_not_started("/x/program", number, "Install another.")

    assert failed.message == sentence
    assert failed.hint in {"Install another.", "Run: chmod +x /x/program"}


@pytest.mark.parametrize(
    ("line", "address"),
    [
        (
            '{"level":"info","message":"Starting metrics server on 127.0.0.1:36697/metrics"}',
            "http://127.0.0.1:36697",
        ),
        ("2026-11-30T00:58:35Z INF Starting metrics server on [::1]:1234/metrics", "http://[::1]:1234"),
        ('{"message":"Settings: map[metrics:127.0.0.1:0]"}', None),
    ],
)
def test_where_the_metrics_are(line: str, address: str | None) -> None:
    assert metrics_address(text_of(line)) == address


@pytest.mark.parametrize("line", ["plain", "[1, 2]", '"text"', "{half", "[" * 60_000, "null", ""])
def test_a_line_that_is_no_json_object_is_taken_as_it_is(line: str) -> None:
    assert text_of(line) == line


def test_a_registered_connection_is_known() -> None:
    line = {"message": "Registered tunnel connection", "location": "lo01"}
    assert is_registered(text_of(json.dumps(line)))
    assert not is_registered(text_of('{"message":"Unregistered tunnel connection"}'))


def test_the_unknown_option_is_named() -> None:
    assert unknown_option(["Incorrect Usage. flag provided but not defined: -no-prechecks"]) == "no-prechecks"
    assert unknown_option(["something else"]) is None
