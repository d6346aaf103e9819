"""Whatever a client sends: an answer or a refusal with one sentence, never an error of ours."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from devserver.cloud.asking import Asked
from devserver.cloud.errors import Refused
from devserver.cloud.routes import Route
from devserver.cloud.state import CloudState
from devserver.cloud.voice import Voice, product
from devserver.cloud.voice_state import VoiceState
from tests.cloud.port import APP
from tests.fakes.pretend_calls import PretendCalls

WORDS = (
    "method ttsCallout conferenceCallout customCallout destination type endpoint number sip username text prompts cli "
    "conferenceId conferenceDtmfOptions mode maxDigits timeoutMills dtmf domain custom locale greeting mohClass "
    "maxDuration enableAce ice ace pie dice url primary fallback numbers applicationkey capability command moh status "
    "details instructions action name say playFiles ids hangup +12015555555 https://a.example #tts[ {} private"
)
TEXTS = st.one_of(st.sampled_from(WORDS.split()), st.text(max_size=8))
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=4))
# A legal skeleton gets further than noise does.
CALLOUTS = st.builds(
    lambda method, body: {"method": method, method: {"destination": {"type": "sip", "endpoint": "a@b"}, **body}},
    st.sampled_from(["ttsCallout", "conferenceCallout", "customCallout"]),
    st.dictionaries(TEXTS, VALUES, max_size=5),
)


def routes(state: CloudState, folder: Path) -> tuple[Route, ...]:
    voice = Voice(PretendCalls(), APP, VoiceState(state), folder / "recordings")
    return product(voice).routes


@settings(max_examples=150, deadline=None)
@given(document=st.one_of(VALUES, CALLOUTS), part=TEXTS)
def test_any_json_and_any_path_is_answered_or_refused_with_a_sentence(document: Any, part: str) -> None:
    with TemporaryDirectory() as folder, closing(CloudState(Path(folder))) as state:
        for route in routes(state, Path(folder)):
            asked = Asked(
                route.method,
                route.path,
                body=json.dumps(document).encode(),
                query={"page": part, "from": part},
                parameters=dict.fromkeys(("callId", "leg", "conferenceId", "applicationkey", "number", "key"), part),
                application=APP.key,
            )
            status, message = asyncio.run(_run(route, asked))

            assert status in {200, 201, 204} or (400 <= status < 500 and message), route.path


async def _run(route: Route, asked: Asked) -> tuple[int, str]:
    try:
        return (await route.run(asked)).status, ""
    except Refused as refused:
        return refused.status, refused.message
