from __future__ import annotations

import pytest

from devserver.tunnel import TunnelFailed
from devserver.tunnel.cloudflared_arguments import arguments, more_arguments, names_a_protocol, names_an_edge


def test_a_quick_tunnel() -> None:
    assert " ".join(arguments(3000)) == (
        "tunnel --config /dev/null --no-autoupdate --no-prechecks --output json --metrics 127.0.0.1:0 "
        "--grace-period 3s --protocol auto --url http://127.0.0.1:3000"
    )


def test_the_users_words_come_after_ours_so_that_they_win_and_before_the_subcommand() -> None:
    given = arguments(3000, protocol="http2", more=["--protocol", "quic"], name="mine")
    assert given[-4:] == ["--protocol", "quic", "run", "mine"]
    assert given.index("http2") < given.index("quic")


def test_one_that_is_too_old_for_an_option_gets_it_not() -> None:
    assert "--no-prechecks" not in arguments(3000, prechecks=True)


def test_nothing_raises_the_log_level() -> None:
    assert "--loglevel" not in arguments(3000, name="mine")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("--edge 127.0.0.1:7844", ["--edge", "127.0.0.1:7844"]),
        ("--cacert '/a folder/ca.pem'", ["--cacert", "/a folder/ca.pem"]),
    ],
)
def test_more_arguments_are_split_as_a_shell_does(text: str, words: list[str]) -> None:
    assert more_arguments({"FN_CLOUDFLARED_ARGS": text}) == words


@pytest.mark.parametrize("text", ["--cacert 'half", '"', "a\\"])
def test_quotes_that_do_not_match_are_one_sentence(text: str) -> None:
    with pytest.raises(TunnelFailed, match=r"^FN_CLOUDFLARED_ARGS cannot be read: no (closing quotation|escaped)"):
        more_arguments({"FN_CLOUDFLARED_ARGS": text})


@pytest.mark.parametrize(
    ("words", "private"),
    [
        (["--edge", "127.0.0.1:7844"], True),
        (["-edge=127.0.0.1:7844"], True),
        (["--quick-service", "http://127.0.0.1"], True),
        (["--quick-service=http://127.0.0.1"], True),
        (["--edge-ip-version", "4"], False),
        (["--edge-bind-address", "10.0.0.1"], False),
        (["--protocol", "http2"], False),
        ([], False),
    ],
)
def test_who_names_an_edge_has_a_private_one(words: list[str], private: bool) -> None:
    assert names_an_edge(words) is private


@pytest.mark.parametrize(
    ("words", "chosen"),
    [(["--protocol", "quic"], True), (["-protocol=quic"], True), (["--post-quantum"], False), ([], False)],
)
def test_a_protocol_may_be_chosen(words: list[str], chosen: bool) -> None:
    assert names_a_protocol(words) is chosen
