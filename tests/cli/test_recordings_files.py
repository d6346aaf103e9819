"""`fn recordings export` and `import`: out of one project, into another, and every way in which a file can be wrong."""

from __future__ import annotations

import asyncio
import json
import re
import resource
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from devserver.cli.recordings import recordings
from devserver.clock import SystemClock
from devserver.errors import FnError
from devserver.recorder import material
from devserver.recorder.exchange import Answer, Effect, Exchange, Request, new_id
from devserver.recorder.importing import load_state
from devserver.recorder.portable import Portable, PortableCall, State, read, write
from devserver.recorder.reader import RecordingReader
from devserver.recorder.redaction import Redactor
from devserver.recorder.state import CacheEntry, Change
from devserver.recorder.store import Recorder

ANNA = "46701234567"
SALES = "12025550110"
TOKEN = "hush-hush-hush"
CODE = f'async def ice(context, event):\n    return {{"number": "+{SALES}"}}\n'


def project(folder: Path, name: str = "hello") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "sinch.json").write_text(json.dumps({"name": name}))
    (folder / "function.py").write_text(CODE)
    (folder / ".env").write_text(f"API_TOKEN={TOKEN}\nVOICE_APPLICATION_KEY=app\nVOICE_APPLICATION_SECRET=c2VjcmV0\n")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return project(tmp_path / "one")


async def _record(folder: Path, count: int, size: int, callid: str | None) -> list[str]:
    recorder = Recorder.open(
        folder / ".fn", redact=Redactor({"API_TOKEN": TOKEN}), clock=SystemClock(), on_trouble=pytest.fail
    )
    made = []
    recorder.changed(Change("session", "", None, 1.0))
    recorder.changed(Change("cache", f"caller:{ANNA}", b'"anna"', 1.0, 1e10))
    for number in range(count):
        made.append(new_id(SystemClock()))
        event = "ice" if number == 0 else "pie"
        body = json.dumps({"event": event, "callid": callid, "cli": ANNA, "note": f"token {TOKEN}", "more": "x" * size})
        request = Request("POST", f"/{event}", (("Content-Type", "application/json"),), body.encode())
        await recorder.begin(made[-1], 1_700_000_000.0 + number, callid, event, "local", request)
        answer = Answer(200, (), json.dumps({"action": {"name": "connectPstn", "number": f"+{SALES}"}}).encode())
        effects = [Effect("cache", "set", f"caller:{ANNA}", 1.0, ANNA, 60.0)]
        recorder.finish(
            made[-1], answer, ms=1.5, generation=2, findings=[], logs=[], error=None, marks=[], effects=effects
        )
    await recorder.close()
    return made


def record(folder: Path, count: int = 2, size: int = 0, callid: str | None = "call-1") -> list[str]:
    return asyncio.run(_record(folder, count, size, callid))


def run(command: str, folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(recordings, [command, *arguments, "--dir", str(folder)], catch_exceptions=False)


def refused(command: str, folder: Path, *arguments: str) -> str:
    with pytest.raises(FnError) as caught:
        run(command, folder, *arguments)
    assert caught.value.hint
    return caught.value.message


def exchanges(folder: Path, callid: str = "call-1") -> list[Exchange]:
    with RecordingReader(folder / ".fn") as reader:
        return reader.call(callid)


# --- export --------------------------------------------------------------------------------------------------------


def test_a_call_goes_to_stdout_without_numbers_and_secrets(folder: Path) -> None:
    record(folder)
    done = run("export", folder, "call-1")
    found = read(done.stdout_bytes.splitlines(keepends=True), "x")
    assert (found.project, found.numbers) == ("hello", "pseudonyms")
    assert [exchange.event for exchange in found.calls[0].exchanges] == ["ice", "pie"]
    assert ANNA not in done.stdout
    assert TOKEN not in done.stdout
    assert re.search(r'"caller:1\d{3}55501\d\d"', done.stdout)
    assert "personal data" in done.stderr
    assert "2 requests of call call-1" in done.stderr


def test_numbers_of_the_projects_own_code_stay_so_that_a_replay_gives_the_same(folder: Path) -> None:
    record(folder)
    assert run("export", folder, "last").stdout.count(f"+{SALES}") == 2
    (folder / "function.py").write_text("async def ice(context, event): ...")
    assert SALES not in run("export", folder, "last").stdout
    (folder / "function.py").write_text(f"VIP = '+{ANNA}'")
    assert ANNA not in run("export", folder, "last").stdout


def test_pseudonyms_are_the_same_in_all_exports_of_a_project_and_nobody_elses(folder: Path, tmp_path: Path) -> None:
    record(folder)
    record(folder, callid="call-2")

    def names(where: Path, call: str) -> set[str]:
        return set(re.findall(r"caller:(\d+)", run("export", where, call).stdout))

    assert names(folder, "call-1") == names(folder, "call-2")
    other = project(tmp_path / "two")
    record(other)
    assert names(other, "call-1") != names(folder, "call-1")
    assert stat.S_IMODE((folder / ".fn" / "salt").stat().st_mode) == 0o600


def test_numbers_can_be_kept(folder: Path) -> None:
    record(folder)
    done = run("export", folder, "call-1", "--keep-numbers")
    assert done.stdout.count(ANNA) > 2
    assert '"numbers":"kept"' in done.stdout
    assert TOKEN not in done.stdout
    assert "the real ones" in done.stderr


def test_a_call_is_found_by_its_id_by_one_of_its_recordings_and_as_the_last(folder: Path) -> None:
    made = record(folder)
    whole = run("export", folder, "call-1").stdout.splitlines()[1:]
    for name in ("last", made[0], made[1], "call"):
        assert run("export", folder, name).stdout.splitlines()[1:] == whole
    assert refused("export", folder, "nonsense") == 'There is no call "nonsense".'


def test_a_request_that_belongs_to_no_call_is_exported_by_itself(folder: Path) -> None:
    made = record(folder, callid=None)
    found = read(run("export", folder, made[1]).stdout_bytes.splitlines(keepends=True), "x").calls[0]
    assert (found.callid, [exchange.id for exchange in found.exchanges]) == (None, made[1:])


@pytest.mark.parametrize("form", ["fn", "curl", "har", "pytest", "scenario"])
def test_every_format_is_without_numbers_and_secrets(folder: Path, form: str) -> None:
    record(folder)
    done = run("export", folder, "call-1", "--format", form)
    assert done.exit_code == 0
    assert ANNA not in done.stdout
    assert TOKEN not in done.stdout
    assert "c2VjcmV0" not in done.stdout
    assert "personal data" in done.stdout
    match form:
        case "curl":
            subprocess.run(["sh", "-n"], input=done.stdout_bytes, check=True)
            assert done.stdout.count("Authorization: application app:") == 2
        case "har":
            assert len(json.loads(done.stdout)["log"]["entries"]) == 2
        case "scenario":
            assert yaml.safe_load(done.stdout)["from"].startswith("+1")
        case "pytest":
            compile(done.stdout, "test.py", "exec")


def test_the_state_that_the_call_began_with_goes_along(folder: Path) -> None:
    record(folder)
    (folder / "storage").mkdir()
    (folder / "storage" / "a.txt").write_text(f"{ANNA} {TOKEN}")
    (folder / "storage" / "b.bin").write_bytes(b"\xff\x00")
    state = read(run("export", folder, "call-1").stdout_bytes.splitlines(keepends=True), "x").calls[0].state
    assert state is not None
    assert [entry.value for entry in state.cache] == [b'"anna"']
    assert ANNA not in state.cache[0].key
    assert set(state.storage) == {"a.txt"}
    assert state.storage["a.txt"].endswith(b" [secret API_TOKEN]")
    kept = (
        read(run("export", folder, "last", "--keep-numbers").stdout_bytes.splitlines(keepends=True), "x").calls[0].state
    )
    assert kept is not None
    assert kept.storage["b.bin"] == b"\xff\x00"


def test_a_file_is_for_its_owner_only_and_a_script_can_be_run(folder: Path, tmp_path: Path) -> None:
    record(folder)
    for form, mode in (("fn", 0o600), ("curl", 0o700)):
        target = tmp_path / f"call.{form}"
        done = run("export", folder, "last", "--format", form, "-o", str(target))
        assert stat.S_IMODE(target.stat().st_mode) == mode
        assert done.stdout == ""
        assert str(target) in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["call.curl", "call.fn", "one"]


def fn(*arguments: str, limit: int | None = None, **more: Any) -> subprocess.CompletedProcess[str]:
    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-m", "devserver", "recordings", *arguments]
    return subprocess.run(command, text=True, preexec_fn=limited, check=False, **{"capture_output": True, **more})


def test_a_full_disk_leaves_the_old_file_as_it_was(folder: Path, tmp_path: Path) -> None:
    record(folder, size=200_000)
    run("export", folder, "last")
    target = tmp_path / "call.fn"
    target.write_text("precious")
    done = fn("export", "last", "-o", str(target), "--dir", str(folder), limit=100_000)
    assert done.returncode == 1
    assert "cannot be written: the disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert target.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["call.fn", "one"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_full_device_is_one_sentence(folder: Path) -> None:
    record(folder)
    with Path("/dev/full").open("wb") as full:
        done = fn("export", "last", "--dir", str(folder), capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert "The output cannot be written: the disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert "the disk is full" in refused("export", folder, "last", "-o", "/dev/full")
    assert Path("/dev/full").is_char_device()


def test_a_folder_that_is_not_there_is_told_in_a_sentence(folder: Path, tmp_path: Path) -> None:
    record(folder)
    assert "cannot be written" in refused("export", folder, "last", "-o", str(tmp_path / "no" / "call.fn"))


# --- import --------------------------------------------------------------------------------------------------------


def exported(folder: Path, tmp_path: Path, *options: str) -> Path:
    target = tmp_path / "call.fn"
    run("export", folder, "last", "-o", str(target), *options)
    return target


def test_a_call_comes_back_in_another_checkout_with_its_state(folder: Path, tmp_path: Path) -> None:
    made = record(folder)
    file = exported(folder, tmp_path, "--keep-numbers")
    other = project(tmp_path / "two")
    done = run("import", other, str(file))
    assert done.output == f"Imported 2 requests from {file}. `fn replay call-1` sends the call again.\n"
    before, after = exchanges(folder), exchanges(other)
    assert [each.id for each in after] == made
    assert [(each.request, each.answer, each.effects, each.at) for each in after] == [
        (each.request, each.answer, each.effects, each.at) for each in before
    ]
    assert all(each.marks == ["imported"] and each.state == 0 for each in after)
    state = load_state(other / ".fn", made[0])
    assert state is not None
    assert [entry.key for entry in state.cache] == [f"caller:{ANNA}"]
    assert stat.S_IMODE((other / ".fn" / "state" / "imported" / f"{made[0]}.json").stat().st_mode) == 0o600


def test_what_is_there_already_is_skipped_and_counted(folder: Path, tmp_path: Path) -> None:
    made = record(folder)
    file = exported(folder, tmp_path)
    before = exchanges(folder)
    done = json.loads(run("import", folder, str(file), "--json").stdout)
    assert done == {"imported": 0, "skipped": 2, "calls": [], "project": "hello", "numbers": "pseudonyms"}
    assert exchanges(folder) == before
    assert load_state(folder / ".fn", made[0]) is None


def test_a_recording_of_another_project_is_refused_with_both_names(folder: Path, tmp_path: Path) -> None:
    record(folder)
    file = exported(folder, tmp_path)
    other = project(tmp_path / "two", "other")
    assert refused("import", other, str(file)) == (
        'call.fn was recorded in the project "hello", and this one is "other".'
    )
    assert json.loads(run("import", other, str(file), "--force", "--json").stdout)["imported"] == 2


def test_secrets_of_this_project_are_taken_out_of_what_is_imported(folder: Path, tmp_path: Path) -> None:
    request = Request("POST", "/ice", (("Authorization", "Basic abc"),), f'{{"t":"{TOKEN}"}}'.encode())
    call = PortableCall(
        "c", [Exchange("a", 1.0, "c", "ice", "local", request)], State([CacheEntry("k", f'"{TOKEN}"'.encode(), 9.0)])
    )
    file = tmp_path / "x"
    file.write_bytes(b"".join(write(Portable("hello", "kept", [call]), "")))
    run("import", folder, str(file))
    found = exchanges(folder, "c")[0]
    assert found.request.body == b'{"t":"[secret API_TOKEN]"}'
    assert found.request.headers == (("Authorization", "Basic [redacted]"),)
    everything = b"".join(path.read_bytes() for path in (folder / ".fn").rglob("*") if path.is_file())
    assert TOKEN.encode() not in everything


def test_a_har_of_ours_and_one_of_a_browser_are_imported(folder: Path, tmp_path: Path) -> None:
    made = record(folder)
    file = tmp_path / "anything"
    run("export", folder, "last", "--format", "har", "--keep-numbers", "-o", str(file))
    other = project(tmp_path / "two")
    assert json.loads(run("import", other, str(file), "--json").stdout)["imported"] == 2
    assert [each.id for each in exchanges(other)] == made
    document = json.loads(file.read_text())
    for entry in document["log"]["entries"]:
        del entry["_fn"]
    file.write_text(json.dumps(document))
    third = project(tmp_path / "three")
    for imported in (2, 0):
        assert json.loads(run("import", third, str(file), "--json").stdout)["imported"] == imported
    found = exchanges(third)
    assert [(each.event, each.callid) for each in found] == [("ice", "call-1"), ("pie", "call-1")]
    assert not {each.id for each in found} & set(made)


def test_a_log_of_ngrok_is_imported(folder: Path, tmp_path: Path) -> None:
    from base64 import b64encode

    raw = b64encode(b'POST /ice HTTP/1.1\r\nA: b\r\n\r\n{"callid":"n1"}').decode()
    entry = {
        "uri": "/x",
        "start": "2026-07-01T12:00:00Z",
        "duration": 1000,
        "request": {"method": "POST", "uri": "/ice", "raw": raw},
    }
    file = tmp_path / "log"
    file.write_text(json.dumps({"requests": [entry]}))
    run("import", folder, str(file))
    assert exchanges(folder, "n1")[0].source == "tunnel"


def test_a_folder_of_callbacks_is_imported_in_the_order_of_their_names(folder: Path, tmp_path: Path) -> None:
    bodies = tmp_path / "bodies"
    bodies.mkdir()
    (bodies / "01.json").write_text('{"event":"ice","callid":"f1","timestamp":"2026-07-01T12:00:00Z"}')
    (bodies / "02-pie.json").write_text('{"callid":"f1"}')
    (bodies / "03.json").write_text('{"event":"dice","callid":"f1"}')
    (bodies / "notes.txt").write_text("no callback")
    assert "Imported 3 requests" in run("import", folder, str(bodies)).output
    found = exchanges(folder, "f1")
    assert [each.event for each in found] == ["ice", "pie", "dice"]
    assert found[0].at == 1_782_907_200.0
    assert [each.request.path for each in found] == ["/ice", "/pie", "/dice"]
    run("import", folder, str(bodies / "01.json"))
    assert len(exchanges(folder, "f1")) == 3


def test_a_session_may_be_recording_meanwhile(folder: Path, tmp_path: Path) -> None:
    record(folder, count=500)
    file = exported(folder, tmp_path)
    other = project(tmp_path / "two")

    async def both() -> None:
        recorder = Recorder.open(other / ".fn", redact=Redactor({}), clock=SystemClock(), on_trouble=pytest.fail)
        importing = asyncio.create_task(asyncio.to_thread(run, "import", other, str(file)))
        count = 0
        while not importing.done() or count < 10:
            name = new_id(SystemClock())
            await recorder.begin(name, 1.0, "live", "ice", "local", Request("POST", "/ice", (), b"{}"))
            recorder.finish(
                name, Answer(200, (), b""), ms=1.0, generation=1, findings=[], logs=[], error=None, marks=[]
            )
            count += 1
        await recorder.close()
        assert "Imported 500" in importing.result().output
        assert len(exchanges(other, "live")) == count

    asyncio.run(both())
    assert len(exchanges(other)) == 500


# --- bad input -----------------------------------------------------------------------------------------------------


def test_a_torn_last_line(folder: Path, tmp_path: Path) -> None:
    record(folder)
    file = exported(folder, tmp_path)
    whole = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(whole[:-2]) + whole[-2][:50])
    assert refused("import", folder, str(file)) == f"call.fn is cut short: line {len(whole) - 1} ends in the middle."


def test_a_truncated_file(folder: Path, tmp_path: Path) -> None:
    record(folder)
    file = exported(folder, tmp_path)
    whole = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(whole[:-2]))
    assert refused("import", folder, str(file)).startswith(
        f"call.fn is cut short: it stops behind line {len(whole) - 2}"
    )


def test_a_wrong_line_in_the_middle(folder: Path, tmp_path: Path) -> None:
    record(folder)
    file = exported(folder, tmp_path)
    whole = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([*whole[:3], b"what?\n", *whole[3:]]))
    other = project(tmp_path / "two")
    assert refused("import", other, str(file)).startswith("call.fn, line 4: ")
    assert not (other / ".fn" / "recordings.db").exists()


def test_a_wrong_version(folder: Path, tmp_path: Path) -> None:
    record(folder)
    file = exported(folder, tmp_path)
    file.write_bytes(file.read_bytes().replace(b'"version":1', b'"version":2', 1))
    assert refused("import", folder, str(file)) == "call.fn was made by a newer fn (format 2, this one knows 1)."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "x.json is empty."),
        (b"hello", "x.json is nothing that can be imported: JSON is malformed"),
        (b'{"log":{"entries":[{"start', "x.json is nothing that can be imported: Input data was truncated"),
        (b"[1]", "x.json is nothing that can be imported: "),
        (b"{}", "x.json does not say which event it is."),
        (b'{"event":"dance"}', "x.json has the unknown event `dance`."),
        (
            b'{"log":{"entries":[{"startedDateTime":"2026-07-01T12:00:00Z","request":{"method":"POST","url":"http://x/ice","bodySize":9}}]}}',
            "x.json is a HAR without the bodies of its requests",
        ),
    ],
    ids=["empty", "text", "torn", "list", "no event", "unknown event", "har without bodies"],
)
def test_what_is_no_recording_is_told_in_a_sentence(folder: Path, tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "x.json"
    file.write_bytes(content)
    assert message in refused("import", folder, str(file))
    assert not (folder / ".fn" / "recordings.db").exists()


def test_a_folder_without_callbacks(folder: Path, tmp_path: Path) -> None:
    assert "There are no .json files" in refused("import", folder, str(tmp_path))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FnError, match="cannot be read: No such file"):
        material.read(tmp_path / "gone.fn")


def test_a_full_disk_while_importing_is_one_sentence_and_importing_again_goes_on(folder: Path, tmp_path: Path) -> None:
    record(folder, count=50, size=100_000)
    file = exported(folder, tmp_path)
    other = project(tmp_path / "two")
    done = fn("import", str(file), "--dir", str(other), limit=2_000_000)
    assert done.returncode == 1
    assert re.search(r"cannot be written: .*; \d+ of the recordings were added", done.stderr)
    assert "Traceback" not in done.stderr
    counted = json.loads(run("import", other, str(file), "--json").stdout)
    assert counted["imported"] + counted["skipped"] == 50
    assert counted["skipped"] > 0
    assert len(exchanges(other)) == 50


# Between us and the command, because a new process inherits the peak of the one it is forked from.
_PEAK = """
import resource, subprocess, sys
subprocess.run([sys.executable, "-m", "devserver", "recordings", *sys.argv[1:]], check=True, stdout=sys.stderr)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""


def peak(*arguments: str) -> int:
    """Bytes of memory that a command needs."""
    done = subprocess.run([sys.executable, "-c", _PEAK, *arguments], text=True, capture_output=True, check=True)
    return int(done.stdout)


def test_fifty_megabytes_are_exported_and_imported_in_a_few_times_their_size(folder: Path, tmp_path: Path) -> None:
    record(folder, count=1000, size=50_000)
    file, other = tmp_path / "call.fn", project(tmp_path / "two")
    needed = peak("export", "last", "-o", str(file), "--dir", str(folder))
    assert file.stat().st_size > 50_000_000
    assert needed < 4 * file.stat().st_size
    assert peak("import", str(file), "--dir", str(other)) < 4 * file.stat().st_size
    assert len(exchanges(other)) == 1000
