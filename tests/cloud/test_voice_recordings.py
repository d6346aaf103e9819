from __future__ import annotations

import os
from pathlib import Path

import pytest

from devserver.cloud.voice_recordings import delete_all
from devserver.errors import FnError
from tests.cloud.port import Platform

RECORDING = "/calling/v1/recording"
DAY = 1_764_547_200.0  # 2025-12-01T00:00:00Z


@pytest.fixture
def stored(platform: Platform) -> Platform:
    """Three recordings, a day apart, the first the oldest."""
    platform.recordings.mkdir()
    for index in range(3):
        file = platform.recordings / f"2025120{index + 1}_app_call-{index}.mp3"
        file.write_bytes(b"ID3" + bytes([index]))
        os.utime(file, (DAY + index * 86_400,) * 2)
    return platform


async def keys(platform: Platform, query: str = "") -> list[str]:
    return [each["key"] for each in (await platform.ask("GET", f"{RECORDING}{query}")).body]


async def test_recordings_are_listed_newest_first(stored: Platform) -> None:
    listed = (await stored.ask("GET", RECORDING)).body

    assert [each["key"] for each in listed] == [f"2025120{n}_app_call-{n - 1}.mp3" for n in (3, 2, 1)]
    assert listed[2] == {
        "key": "20251201_app_call-0.mp3",
        "url": f"{stored.url}{RECORDING}/20251201_app_call-0.mp3",
        "createdOn": "2025-12-01T00:00:00Z",
        "expiresOn": "2025-12-31T00:00:00Z",
        "headers": {"Content-Length": "4"},
    }


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("?from=2025-12-02T00:00:00Z", [3, 2]),
        ("?to=2025-12-02", [2, 1]),
        ("?from=2025-12-02T01:00:00%2B01:00&to=2025-12-02T12:00:00", [2]),
        ("?from=2025-12-02T01:00:00+01:00", [3, 2]),
        ("?pageSize=2", [3, 2]),
        ("?page=2&pageSize=2", [1]),
        ("?page=9", []),
        ("?pageSize=999999999", [3, 2, 1]),
    ],
    ids=range(8),
)
async def test_a_list_is_narrowed_and_paged(stored: Platform, query: str, days: list[int]) -> None:
    assert [int(key[7]) for key in await keys(stored, query)] == days


async def test_a_recording_is_downloaded_and_deleted(stored: Platform) -> None:
    path = f"{RECORDING}/20251202_app_call-1.mp3"
    got = await stored.ask("GET", path)
    gone = await stored.ask("DELETE", path)

    assert (got.status, got.raw, got.headers["Content-Type"]) == (200, b"ID3\x01", "audio/mpeg")
    assert (gone.status, gone.raw) == (200, b"")
    assert (await stored.ask("GET", path)).code == 40400
    assert len(await keys(stored)) == 2


async def test_no_key_leads_out_of_the_folder(stored: Platform) -> None:
    secret = stored.recordings.parent / "secret.txt"
    secret.write_text("hush")
    (stored.recordings / "link.mp3").symlink_to(secret)
    (stored.recordings / ".hidden").write_text("hush")
    (stored.recordings / "folder").mkdir()

    for key in ("..%2Fsecret.txt", "link.mp3", ".hidden", "folder", "..", "%2Fetc%2Fpasswd", "x%00y"):
        assert (await stored.ask("GET", f"{RECORDING}/{key}")).status != 200, key
        assert (await stored.ask("DELETE", f"{RECORDING}/{key}")).status != 200, key
    assert len(await keys(stored)) == 3
    assert secret.exists()


async def test_a_name_that_is_no_text_is_left_out(stored: Platform) -> None:
    Path(os.fsdecode(os.fsencode(stored.recordings) + b"/\xff.mp3")).write_bytes(b"x")

    assert len(await keys(stored)) == 3


async def test_a_name_with_a_space_can_be_fetched_by_its_url(stored: Platform) -> None:
    (stored.recordings / "a b+c.wav").write_bytes(b"RIFF")
    url = (await stored.ask("GET", RECORDING)).body[0]["url"]
    reply = await stored.ask("GET", url.removeprefix(stored.url))

    assert reply.raw == b"RIFF"


def test_all_are_deleted_and_counted(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(b"x")
    (tmp_path / "b.mp3").write_bytes(b"x")

    assert delete_all(tmp_path) == 2
    assert delete_all(tmp_path) == 0
    assert delete_all(tmp_path / "missing") == 0


def test_one_that_cannot_be_deleted_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.mp3").write_bytes(b"x")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(FnError, match=r"a\.mp3 cannot be deleted: Permission denied"):
        delete_all(tmp_path)
