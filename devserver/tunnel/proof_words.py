"""What came in place of our own answer to a probe, in one sentence with the next step. Pure."""

from __future__ import annotations

import re
import ssl
from urllib.parse import urlsplit

from devserver.tunnel.change import TunnelFailed
from devserver.tunnel.lookup import NameUnknown

_ELSEWHERE = "Check that the address is forwarded to the function port of this `fn dev`, and to nothing else."
_NOBODY = "Check that the program which should answer there runs, and the network."
_WAIT = "It may only need more time: try again in a minute."


def refusal(url: str, came: int | Exception, body: str) -> TunnelFailed:
    """What to say of an address that does not lead here.

    Args:
        url: the address.
        came: the status of the answer, or why there was none.
        body: the beginning of the answer.
    """
    host = urlsplit(url).hostname or url
    return _of_error(host, came) if isinstance(came, Exception) else _of_answer(host, came, body)


def _of_error(host: str, error: Exception) -> TunnelFailed:
    match getattr(error, "os_error", error):  # aiohttp wraps what went wrong with a connection
        case NameUnknown():
            return TunnelFailed(f"The name {host} cannot be found in the DNS.", hint=_WAIT)
        case TimeoutError():
            return TunnelFailed(
                f"{host} did not answer in time.", hint="Check the network, and whether a firewall is in between."
            )
        case _ if _is_certificate(error):
            return TunnelFailed(
                f"The TLS certificate of {host} is not accepted: {_why(error)}.",
                hint="Sinch would refuse it too. A company's own certificates are set with SSL_CERT_FILE.",
            )
        case OSError():
            return TunnelFailed(f"{host} cannot be reached: {_why(error)}.", hint=_NOBODY)
        case _:
            return TunnelFailed(f"{host} gave no proper answer: {_why(error)}.", hint=_ELSEWHERE)


def _is_certificate(error: Exception) -> bool:
    return any(isinstance(each, ssl.SSLError) for each in (error, error.__cause__, getattr(error, "os_error", None)))


def _why(error: Exception) -> str:
    inner = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    text = getattr(inner, "verify_message", None) or getattr(inner, "strerror", None) or str(inner)
    return str(text or type(inner).__name__).strip().rstrip(".")


def _of_answer(host: str, status: int, body: str) -> TunnelFailed:
    code = re.search(r"error code: (\d{3,4})|Error\s+(\d{4})", body)
    number = (code[1] or code[2]) if code else ""
    if status == 530 or number == "1033":
        named = f" (error {number})" if number else ""
        return TunnelFailed(f"Cloudflare has no tunnel connected for {host}{named}.", hint=_WAIT)
    if status in {502, 503, 504}:
        return TunnelFailed(
            f"{host} answers {status}: what is in between does not reach the function port.", hint=_ELSEWHERE
        )
    if 300 <= status < 400:
        return TunnelFailed(f"{host} answers with a redirection ({status}), not as this session does.", hint=_ELSEWHERE)
    if status in {401, 403, 407, 511}:
        return TunnelFailed(
            f"{host} asks for a login or refuses ({status}) before a request gets here.",
            hint="Sinch cannot log in there: let requests to this name pass.",
        )
    title = re.search(r"<title[^>]*>\s*([^<]{1,60}?)\s*<", body, re.IGNORECASE)
    what = f', a page "{title[1]}"' if title else ""
    return TunnelFailed(f"{host} is answered by somebody else: {status}{what}.", hint=_ELSEWHERE)
