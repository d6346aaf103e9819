"""HTTP of the cloud port, and nothing else: read a request, find the operation, turn what comes back into a response.

It must not know any product: those are tables of operations (`routes`). Whatever a client sends, the answer is JSON
with one sentence about what is wrong: a bad request must neither end the session nor leave somebody guessing. What
does not exist is a 501 that lists what does.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from devserver.cloud.asking import Answer, Asked
from devserver.cloud.errors import Code, Refused
from devserver.cloud.routes import Product, find, methods, operations
from devserver.errors import FnError
from devserver.names import Visitors

BODY_LIMIT = 1 << 20
"""Bytes of a request's body; the largest thing to be sent is SVAML."""

_SLOWEST = 30.0  # seconds a body may take to arrive
_HEADERS = {"Server": "fn", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_log = logging.getLogger("devserver.cloud")


def create_app(*products: Product) -> web.Application:
    """The local Sinch.

    Args:
        products: what there is, such as `devserver.cloud.voice.product(...)`; the first that has a path answers it.
    """
    return create_app_of(lambda: products)


def create_app_of(
    products: Callable[[], tuple[Product, ...]], hosts: Callable[[], Sequence[str]] = tuple
) -> web.Application:
    """The same of products that are made when the first request comes: they need not delay the start of a session.

    Args:
        products: what there is.
        hosts: further names of this machine, and of sites whose pages may use it.
    """
    visitors = Visitors()

    # Not a route: aiohttp has its own answer to a path without a slash, and it is no JSON.
    @web.middleware
    async def answer(request: web.Request, handler: object) -> web.StreamResponse:  # noqa: ARG001 aiohttp's signature
        if why := visitors.refusal(request.method, request.headers, hosts()):
            return _refusal(Refused(Code.FORBIDDEN, why))
        try:
            return _response(await _answered(request, products()))
        except Refused as refused:
            return _refusal(refused)
        except FnError as error:
            return _refusal(Refused(Code.INTERNAL, str(error)))
        except Exception:  # noqa: BLE001 one request must not end the session, and the log says what it was
            _log.exception("%s %s failed", request.method, request.rel_url.raw_path)
            return _refusal(
                Refused(Code.INTERNAL, "Internal error: this is a bug in fn; its output has the traceback.")
            )

    return web.Application(client_max_size=BODY_LIMIT, middlewares=[answer])


async def _answered(request: web.Request, products: tuple[Product, ...]) -> Answer:
    asked = _asked(request)
    found = find(products, asked.method, asked.path)
    if found is None:
        raise _not_here(asked, products)
    asked = replace(asked, body=await _body(request), parameters=found.parameters)
    return await found.route.run(replace(asked, application=found.product.admit(asked)))


def _asked(request: web.Request) -> Asked:
    # As on the wire; a client that speaks to a proxy sends the whole address.
    target = request.raw_path
    path = f"/{target.partition('://')[2].partition('/')[2]}" if "://" in target.partition("?")[0] else target
    query: dict[str, str] = {}
    for key, value in request.query.items():
        query.setdefault(key, value)
    return Asked(
        method=request.method.upper(),
        path=path.partition("?")[0],
        query=query,
        headers=tuple(request.headers.items()),
        address=f"{request.scheme}://{request.host}",
        is_gone=lambda: request.transport is None or request.transport.is_closing(),
    )


def _not_here(asked: Asked, products: tuple[Product, ...]) -> Refused:
    message = f"The local Sinch has no operation {asked.method} {asked.path[:200]}."
    others = methods(products, asked.path)
    if others:
        message += f" This path has {' and '.join(others)}."
    return Refused(Code.NOT_HERE, message, operations=operations(products))


async def _body(request: web.Request) -> bytes:
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    if encoding != "identity":
        raise Refused(
            Code.UNSUPPORTED_ENCODING, f"Bodies are read as they are; Content-Encoding {encoding[:40]!r} is not."
        )
    try:
        async with asyncio.timeout(_SLOWEST):
            return await request.read()
    except TimeoutError:
        raise Refused(Code.TIMED_OUT, f"The body did not arrive within {_SLOWEST:.0f} s.") from None
    except web.HTTPRequestEntityTooLarge:
        raise Refused(Code.TOO_LARGE, f"The body is larger than {BODY_LIMIT} bytes.") from None
    except (web.RequestPayloadError, HttpProcessingError) as error:
        raise Refused(Code.INVALID_REQUEST, f"The body cannot be read: {error}.") from None


def _response(answer: Answer) -> web.StreamResponse:
    if answer.file is not None:
        return web.FileResponse(answer.file, headers=_HEADERS)
    if answer.document is None:
        return web.Response(status=answer.status, headers=_HEADERS)
    return _json(answer.status, answer.document)


def _refusal(refused: Refused) -> web.Response:
    response = _json(refused.status, refused.body())
    if refused.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Basic realm="Sinch"'
    return response


def _json(status: int, document: Any) -> web.Response:
    try:
        body = msgspec.json.encode(document)
    except UnicodeEncodeError:
        # A path or header quoted in it held bytes that are no text.
        body = json.dumps(document).encode()
    return web.Response(
        status=status,
        body=body,
        content_type="application/json",
        charset="utf-8",
        headers=_HEADERS,
    )
