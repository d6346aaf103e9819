from __future__ import annotations

import pytest

from devserver.project.settings import DevSettings

HERE = "http://127.0.0.1:3002"


@pytest.mark.parametrize(
    ("settings", "cloud", "wanted"),
    [
        (DevSettings(), HERE, {"voice": HERE}),
        (DevSettings(), "", {"voice": ""}),
        (DevSettings(voice="live"), HERE, {}),
        (DevSettings(origins={"sms": "http://a"}), HERE, {"sms": "http://a", "voice": HERE}),
        (DevSettings(origins={"voice": "http://b"}), HERE, {"voice": "http://b"}),
        (DevSettings(origins={"voice": "http://b"}, voice="live"), HERE, {"voice": "http://b"}),
    ],
    ids=["local", "local without a platform", "live", "others too", "somewhere else", "somewhere else and live"],
)
def test_the_voice_client_goes_to_the_local_sinch_unless_it_is_told_otherwise(
    settings: DevSettings, cloud: str, wanted: dict[str, str]
) -> None:
    assert settings.client_origins(cloud) == wanted
