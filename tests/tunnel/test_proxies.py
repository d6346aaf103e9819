from __future__ import annotations

import pytest

from devserver.tunnel.proxies import proxy_for


@pytest.fixture(autouse=True)
def a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1,.corp")


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("https://x.trycloudflare.com", "http://proxy:3128"),
        ("https://127.0.0.1:8443/x", None),
        ("https://fn.corp", None),
        ("http://x.example.com", None),
    ],
)
def test_the_proxy_of_the_settings_is_used_where_it_is_meant_for(url: str, proxy: str | None) -> None:
    assert proxy_for(url) == proxy
