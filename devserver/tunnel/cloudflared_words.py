"""What cloudflared writes, and what it means for people: one sentence and the next step. Pure.

The lines are those of cloudflared 2026.7.2 (lab.md 1.2, 1.4); a line that nobody has foreseen is quoted as it is.
"""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from devserver.tunnel.change import TunnelFailed

_OTHER_WAYS = "or use a named tunnel (--tunnel-name), or your own address (--public-url)"
_FIREWALL = f"Open outgoing port 7844 (UDP, or at least TCP) in the firewall, use another network, {_OTHER_WAYS}."
_NETWORK = "Check the network; a VPN or a firewall may be in between."
_LOGIN = "Run `cloudflared tunnel login`, or give the tunnel's UUID in place of its name."
_CREDENTIALS = (
    "`cloudflared tunnel create NAME` makes them, and `cloudflared tunnel list` shows which tunnels there are."
)


@dataclass(frozen=True, slots=True)
class _Known:
    """A failure that has been seen before.

    Attributes:
        pattern: found in a line; its group is put into the sentence in place of `{}`.
        final: waiting does not help, so it is told before the time is up.
    """

    pattern: re.Pattern[str]
    sentence: str
    hint: str
    final: bool = False


def _known(pattern: str, sentence: str, hint: str, *, final: bool = False) -> _Known:
    return _Known(re.compile(pattern, re.IGNORECASE), sentence, hint, final)


# The first that is found in any line wins: what is more exact stands before what may be a mere consequence of it.
_FAILURES = (
    _known(
        r"flag provided but not defined: -+(\S+)",
        "cloudflared does not know the option --{}.",
        "Correct FN_CLOUDFLARED_ARGS, or update cloudflared.",
    ),
    _known(
        r"invalid value .* for flag -+([\w-]+)",
        "cloudflared does not take that value of --{}.",
        "Correct FN_CLOUDFLARED_ARGS.",
    ),
    _known(
        r"429 Too Many Requests|error code: 1015",
        "Cloudflare hands out no more quick tunnels to this address for now.",
        f"Wait a minute and try again, {_OTHER_WAYS}.",
    ),
    _known(
        r"QuickTunnel response.*\((\d{3}) ",
        "Cloudflare's quick tunnel service does not work at the moment: it answers {}.",
        f"Try again later, {_OTHER_WAYS}.",
    ),
    _known(
        r"(failed to unmarshal quick Tunnel)",
        "Cloudflare's quick tunnel service gave an answer that cloudflared does not understand.",
        f"Try again later, {_OTHER_WAYS}.",
    ),
    _known(
        r"failed to request quick Tunnel: .*(x509: .*)",
        "The certificate of Cloudflare's quick tunnel service is not accepted: {}.",
        "Something in between reads TLS: add its certificate to the system, or set SSL_CERT_FILE.",
    ),
    _known(
        r"failed to request quick Tunnel: .*lookup (\S+?)(?: on [^:]+:\d+)?: ",
        "The name {} cannot be looked up, so there is no network or no name server.",
        _NETWORK,
    ),
    _known(
        r"failed to request quick Tunnel: .*?((?:connection refused|network is unreachable|no route to host|"
        r"timeout|deadline exceeded|EOF|connection reset).*)",
        "Cloudflare's quick tunnel service cannot be reached: {}.",
        _NETWORK,
    ),
    _known(
        r"(metrics server listener: .*address already in use)",
        "The port for cloudflared's metrics is taken.",
        "Leave --metrics out of FN_CLOUDFLARED_ARGS, or name a free port there.",
    ),
    _known(
        r"(Invalid tunnel secret)",
        "Cloudflare refuses the credentials of the tunnel.",
        "Another tunnel may have had that name: create it again with `cloudflared tunnel create`.",
        final=True,
    ),
    _known(
        r"(Unauthorized: .*|tunnel not found.*)",
        "Cloudflare refuses the tunnel: {}.",
        _CREDENTIALS,
        final=True,
    ),
    _known(r"(locating origin cert)", "cloudflared is not logged in, so it knows no tunnels by name.", _LOGIN),
    _known(
        r"(tunnel credentials file not found|credentials file .* (?:doesn't exist|not found))",
        "The credentials of the tunnel are not on this machine.",
        _CREDENTIALS,
    ),
    _known(
        r"(dial to edge with quic|dial a quic connection)", "Cloudflare's edge cannot be reached over UDP.", _FIREWALL
    ),
    _known(
        r"(dial tcp \S+: .*|DialContext error: .*|TLS handshake with edge error: .*)",
        "Cloudflare's edge cannot be reached: {}.",
        _FIREWALL,
    ),
    _known(r"(connection with edge closed)", "Cloudflare's edge hangs up.", _FIREWALL),
    _known(
        r"(Cannot get a region|no more region|edge IPs)",
        "The addresses of Cloudflare's edge cannot be looked up.",
        _NETWORK,
    ),
)

_LOSS = re.compile(r"connection with edge closed|edge IPs")  # says that it is lost, and what it tries next; not why
LOST = "The connection to Cloudflare is lost; cloudflared is making a new one."
SILENT = "cloudflared does not answer."

_METRICS = re.compile(r"Starting metrics server on (\S+?)(?:/metrics)?\Z")


def text_of(line: str) -> str:
    """A line of the log as text: its message, its error and its status, when it is JSON; else the line."""
    try:
        fields = json.loads(line)
        message, error, status = (str(fields.get(name, "")) for name in ("message", "error", "status_code"))
    except (ValueError, AttributeError, RecursionError):
        return line
    return message + (f": {error}" if error else "") + (f" ({status})" if status else "")


def metrics_address(text: str) -> str | None:
    """Where the metrics are, when a line tells it, as `http://127.0.0.1:PORT`."""
    found = _METRICS.search(text)
    return f"http://{found[1]}" if found else None


def is_registered(text: str) -> bool:
    """Whether a line says that a connection is there: what was written before concerns nobody any more."""
    return text.startswith("Registered tunnel connection")


def hopeless(texts: Sequence[str]) -> TunnelFailed | None:
    """Why waiting does not help; None when it may."""
    found = _find(texts)
    return _failure(*found) if found is not None and found[0].final else None


def unknown_option(texts: Sequence[str]) -> str | None:
    """The option that this cloudflared does not know, without its dashes."""
    found = _FAILURES[0].pattern.search("\n".join(texts))
    return found[1] if found else None


def why_away(texts: Sequence[str]) -> str:
    """Why there is no connection now, in one sentence."""
    found = _find([text for text in texts if not _LOSS.search(text)])
    return LOST if found is None else _failure(*found).message


def why_not_ready(texts: Sequence[str], seconds: float) -> TunnelFailed:
    """Why there is no connection after some time."""
    found = _find([text for text in texts if "edge IPs" not in text])  # it has other ways to find the edge
    if found is not None:
        return _failure(*found)
    return TunnelFailed(f"cloudflared has no connection to Cloudflare after {seconds:g} s.", hint=_FIREWALL)


def why_ended(texts: Sequence[str], status: int | None) -> TunnelFailed:
    """Why it ended by itself.

    Args:
        texts: what it wrote, the newest last.
        status: its exit status; 128 and more is a signal.
    """
    found = _find(texts)
    if found is not None:
        return _failure(*found)
    if status is None or status < 0 or status >= 128:
        return TunnelFailed("cloudflared was killed.", hint=f"Start fn dev again, {_OTHER_WAYS}.")
    last = f": {texts[-1].rstrip('.')}" if texts else ""
    return TunnelFailed(f"cloudflared ended with status {status}{last}.", hint=f"Try again, {_OTHER_WAYS}.")


def why_not_started(path: str, number: int, hint: str) -> TunnelFailed:
    """Why a program could not be started.

    Args:
        path: of the program's file.
        number: of the error, as `errno` has it.
        hint: what to do.
    """
    match number:
        case errno.ENOEXEC:
            return TunnelFailed(
                f"{path} is not a program for this machine: its architecture is another one.", hint=hint
            )
        case errno.ENOENT:
            return TunnelFailed(f"{path} needs a loader or an interpreter that is not on this machine.", hint=hint)
        case errno.EACCES | errno.EPERM:
            return TunnelFailed(f"{path} may not be executed.", hint=f"Run: chmod +x {path}")
        case _:
            return TunnelFailed(f"{path} cannot be started ({errno.errorcode.get(number, number)}).", hint=hint)


def _find(texts: Sequence[str]) -> tuple[_Known, str] | None:
    whole = "\n".join(texts)
    for known in _FAILURES:
        if found := known.pattern.search(whole):
            return known, found[1] if found.groups() else ""
    return None


def _failure(known: _Known, detail: str) -> TunnelFailed:
    return TunnelFailed(known.sentence.replace("{}", detail.strip().rstrip(".")), hint=known.hint)
