from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.runtime.basic_auth import is_allowed

VARIABLES = {"PROJECT_ID_API_KEY": "key", "PROJECT_ID_API_SECRET": "sécret:with:colons"}
everywhere = pytest.mark.parametrize("exposed", [False, True])


def basic(credentials: str, scheme: str = "Basic") -> str:
    return f"{scheme} {base64.b64encode(credentials.encode()).decode()}"


RIGHT = basic("key:sécret:with:colons")


@everywhere
@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_the_right_credentials_pass(scheme: str, exposed: bool) -> None:
    assert is_allowed(basic("key:sécret:with:colons", scheme), VARIABLES, exposed=exposed)


@everywhere
@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Basic ???",
        "Basic é",
        "Basic a",
        "Basic a2V5",
        RIGHT.replace("Basic", "Bearer"),
        RIGHT.removeprefix("Basic "),
        basic("key:wrong"),
        basic("wrong:sécret:with:colons"),
        basic("KEY:sécret:with:colons"),
        basic("key:sécret:with:colons "),
        basic(":"),
        "application key:signature",
    ],
)
def test_anything_else_is_refused(authorization: str | None, exposed: bool) -> None:
    assert not is_allowed(authorization, VARIABLES, exposed=exposed)


INCOMPLETE = [
    {},
    {"PROJECT_ID_API_KEY": "key"},
    {"PROJECT_ID_API_SECRET": "secret"},
    {"PROJECT_ID_API_KEY": "", "PROJECT_ID_API_SECRET": ""},
    {"PROJECT_ID_API_KEY": "key", "PROJECT_ID_API_SECRET": ""},
]


@pytest.mark.parametrize("variables", INCOMPLETE)
@pytest.mark.parametrize("authorization", [None, RIGHT, basic(":"), basic("key:")])
def test_without_credentials_in_the_project_it_is_open_here_and_closed_to_the_outside(
    variables: dict[str, str], authorization: str | None
) -> None:
    assert is_allowed(authorization, variables, exposed=False)
    assert not is_allowed(authorization, variables, exposed=True)


def test_a_secret_with_a_stray_byte_is_compared_by_its_bytes() -> None:
    variables = {"PROJECT_ID_API_KEY": "key", "PROJECT_ID_API_SECRET": b"\xff".decode(errors="surrogateescape")}
    authorization = f"Basic {base64.b64encode(b'key:' + bytes([0xFF])).decode()}"
    assert is_allowed(authorization, variables, exposed=True)
    assert not is_allowed(RIGHT, variables, exposed=True)


@given(st.text() | st.text().map(lambda text: f"Basic {text}"))
def test_no_text_opens_it_or_breaks_it(authorization: str) -> None:
    assert not is_allowed(authorization, VARIABLES, exposed=True)
