from __future__ import annotations

import ssl

import aiohttp
import pytest

from devserver.tunnel.lookup import NameUnknown
from devserver.tunnel.proof_words import refusal

URL = "https://x.trycloudflare.com"
CAME: dict[str, tuple[int | Exception, str, str]] = {
    "no name": (NameUnknown("no"), "", "The name x.trycloudflare.com cannot be found in the DNS."),
    "silence": (TimeoutError(), "", "x.trycloudflare.com did not answer in time."),
    "refused": (
        ConnectionRefusedError(111, "Connection refused"),
        "",
        "x.trycloudflare.com cannot be reached: Connection refused.",
    ),
    "cut": (aiohttp.ServerDisconnectedError(), "", "x.trycloudflare.com gave no proper answer: Server disconnected."),
    "certificate": (
        ssl.SSLCertVerificationError(1, "self-signed certificate"),
        "",
        "The TLS certificate of x.trycloudflare.com is not accepted: self-signed certificate.",
    ),
    "no connector": (
        530,
        "error code: 1033",
        "Cloudflare has no tunnel connected for x.trycloudflare.com (error 1033).",
    ),
    "no connector, as a page": (
        530,
        "<title>Cloudflare Tunnel error | x | Cloudflare</title> Error\n 1033",
        "Cloudflare has no tunnel connected for x.trycloudflare.com (error 1033).",
    ),
    "bad gateway": (502, "", "x.trycloudflare.com answers 502: what is in between does not reach the function port."),
    "redirection": (302, "", "x.trycloudflare.com answers with a redirection (302), not as this session does."),
    "login": (401, "", "x.trycloudflare.com asks for a login or refuses (401) before a request gets here."),
    "neighbour": (404, "404 page not found", "x.trycloudflare.com is answered by somebody else: 404."),
    "neighbour's page": (
        200,
        "<html><head><title>\n My blog </title>",
        'x.trycloudflare.com is answered by somebody else: 200, a page "My blog".',
    ),
}


@pytest.mark.parametrize(("came", "body", "sentence"), CAME.values(), ids=CAME)
def test_what_came_instead_is_one_sentence_with_a_next_step(came: int | Exception, body: str, sentence: str) -> None:
    failed = refusal(URL, came, body)
    assert failed.message == sentence
    assert failed.hint
