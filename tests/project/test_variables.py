from __future__ import annotations

import pytest

from devserver.project.variables import looks_like_credential


@pytest.mark.parametrize(
    "name",
    [
        "STRIPE_KEY",
        "KEY",
        "API_KEYS",
        "SERVICE_APIKEY",
        "clientSecret",
        "client-secret",
        "GITHUB_TOKEN",
        "DB_PASSWORD",
        "DB_PASSWD",
        "MY_PASS",
        "PWD",
        "SSH_PASSPHRASE",
        "AWS_CREDENTIALS",
        "PROJECT_ID_API_KEY",
    ],
)
def test_names_whose_last_word_means_a_credential_look_like_one(name: str) -> None:
    assert looks_like_credential(name)


@pytest.mark.parametrize(
    "name",
    ["MAX_TOKENS", "AWS_ACCESS_KEY_ID", "PUBLIC_KEY", "STRIPE_PUBLISHABLE_KEY", "OpenAIKey", "MONKEY", "KEYBOARD", ""],
)
def test_other_names_do_not(name: str) -> None:
    assert not looks_like_credential(name)
