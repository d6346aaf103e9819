"""The platform's side: what is sent, and one sentence for every way in which it can fail."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from devserver.runtime.clients.voice_results import Callbacks
from devserver.voiceapp import ConfigurationFailed, HttpConfiguration
from devserver.voiceapp.configuration import clock_skew
from tests.fakes.callback_api import KEY, PRODUCTION, SECRET, CallbackApi, Name, callback_api
from tests.voiceapp.samples import MINE


@pytest.fixture
async def api() -> AsyncIterator[CallbackApi]:
    async with callback_api() as running:
        yield running


@pytest.fixture
def configuration(api: CallbackApi) -> HttpConfiguration:
    return HttpConfiguration(KEY, SECRET, api.url, timeout=0.5)


async def failure(configuration: HttpConfiguration, method: str) -> ConfigurationFailed:
    """The failure of a read or a change."""
    with pytest.raises(ConfigurationFailed) as failed:
        await (configuration.get() if method == "GET" else configuration.set(Callbacks(MINE, None)))
    return failed.value


async def test_both_addresses_are_read_and_set(api: CallbackApi, configuration: HttpConfiguration) -> None:
    assert await configuration.get() == PRODUCTION
    await configuration.set(Callbacks(MINE, PRODUCTION.primary))
    assert api.now == Callbacks(MINE, PRODUCTION.primary)
    assert api.methods == ["GET", "POST"]


async def test_no_fallback_is_not_sent_and_no_primary_is_an_empty_one(
    api: CallbackApi, configuration: HttpConfiguration
) -> None:
    await configuration.set(Callbacks(None, None))
    assert api.asked[-1].body == {"url": {"primary": ""}}
    assert api.now == Callbacks(None, None)


Failure = tuple[Name, str, bool, bool]
FAILURES: list[Failure] = [
    # what happens, what is said, whether trying again makes sense, whether a change may have been made
    ("500", "answered 500 Internal error.", True, True),
    ("429", "answered 429 Too many requests", True, True),
    ("hang", "no answer within 0.5 s", True, True),
    ("drop", "cannot be reached", True, True),
    ("lost", "cannot be reached", True, True),
    ("401", "refuses key and secret (401 Invalid Signature)", False, False),
    ("403", "refuses key and secret (403 Wrong authorization scheme)", False, False),
    ("40003", "400 Invalid application key.", False, False),
    ("html", "answered 502 with something that is not of the Voice API", True, True),
]


@pytest.mark.parametrize("failed_by", FAILURES, ids=[each[0] for each in FAILURES])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_failure_is_a_sentence_and_says_what_can_be_done(
    configuration: HttpConfiguration, method: str, failed_by: Failure, api: CallbackApi
) -> None:
    fault, said, again, applied = failed_by
    if method == "POST":
        api.play("POST", fault)
    else:
        api.play("GET", fault, fault)  # aiohttp itself asks a second time when a connection ends
    failed = await failure(configuration, method)
    done = "read" if method == "GET" else "set"
    assert failed.message.startswith(f"The callback of {KEY} could not be {done}: ")
    assert said in failed.message
    assert "<html" not in failed.message
    assert failed.again is again
    assert failed.applied is (applied and method == "POST")
    assert failed.answered is (fault not in {"hang", "drop", "lost", "html"})
    assert api.now == (Callbacks(MINE, None) if fault == "lost" and method == "POST" else PRODUCTION)


async def test_a_page_of_a_hotel_is_not_taken_for_a_configuration(
    api: CallbackApi, configuration: HttpConfiguration
) -> None:
    api.play("GET", "html-200")
    failed = await failure(configuration, "GET")
    assert failed.again
    assert "sign-in page" in failed.hint


async def test_nobody_there(configuration: HttpConfiguration) -> None:
    nobody = HttpConfiguration(KEY, SECRET, "http://127.0.0.1:1", timeout=0.5)
    failed = await failure(nobody, "POST")
    assert (failed.again, failed.applied) == (True, True)
    assert "127.0.0.1:1 cannot be reached" in failed.message
    assert "network" in failed.hint


async def test_an_application_of_somebody_else(api: CallbackApi) -> None:
    failed = await failure(HttpConfiguration("another-key", SECRET, api.url), "GET")
    assert "400 Invalid application key" in failed.message
    assert "fn secrets explain VOICE_APPLICATION_KEY" in failed.hint
    assert not failed.again


async def test_a_wrong_secret(api: CallbackApi) -> None:
    failed = await failure(HttpConfiguration(KEY, "bm90IHRoZSBzZWNyZXQ=", api.url), "GET")
    assert "refuses key and secret" in failed.message
    assert "VOICE_APPLICATION_SECRET" in failed.hint
    assert "bm90IHRoZSBzZWNyZXQ=" not in str(failed)
    assert not failed.again


@pytest.mark.parametrize("secret", ["not base64!", "", "   "])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_secret_that_is_none_is_a_sentence_and_no_traceback(api: CallbackApi, secret: str, method: str) -> None:
    failed = await failure(HttpConfiguration(KEY, secret, api.url), method)
    assert "is not base64 text" in failed.message
    assert (failed.again, failed.applied) == (False, False)
    assert api.asked == []


@pytest.mark.parametrize(
    ("ahead", "said"), [(3600, "60 min behind"), (-3600, "60 min ahead"), (86_400, "24.0 h behind")]
)
async def test_a_clock_that_is_wrong_is_said_to_be(
    api: CallbackApi, configuration: HttpConfiguration, ahead: float, said: str
) -> None:
    api.ahead = ahead
    failed = await failure(configuration, "GET")
    assert f"this machine's clock is {said}." in failed.message
    assert "Set the clock" in failed.hint


async def test_a_clock_that_is_right_is_not_blamed(api: CallbackApi, configuration: HttpConfiguration) -> None:
    api.play("GET", "401")
    failed = await failure(configuration, "GET")
    assert "clock" not in str(failed)


async def test_a_server_that_does_not_say_the_time_has_no_skew() -> None:
    assert await clock_skew("http://127.0.0.1:1", 0.5) is None


async def test_an_address_that_sends_us_elsewhere_is_named(redirecting: str) -> None:
    failed = await failure(HttpConfiguration(KEY, SECRET, redirecting), "GET")
    assert "https://elsewhere.example/" in failed.message
    assert "FN_CONFIGURATION_ORIGIN" in failed.hint
    assert not failed.again


@pytest.fixture
async def redirecting() -> AsyncIterator[str]:
    from aiohttp import web

    async def elsewhere(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "https://elsewhere.example/"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", elsewhere)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def test_the_secret_is_not_shown() -> None:
    assert SECRET not in repr(HttpConfiguration(KEY, SECRET, "https://voice.example"))
