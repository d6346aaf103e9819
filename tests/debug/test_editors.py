from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from devserver.debug.editors import EDITORS, vscode_configurations


@pytest.mark.parametrize("name", EDITORS)
def test_every_piece_says_where_to_attach(name: str) -> None:
    piece = EDITORS[name](5999)

    assert "5999" in piece
    assert "127.0.0.1" in piece
    assert "5678" not in piece


def test_those_in_json_are_json() -> None:
    assert [each["request"] for each in json.loads(EDITORS["vscode"](5678))["configurations"]] == ["attach", "launch"]
    assert json.loads(EDITORS["zed"](5678))[0]["connect"] == {"host": "127.0.0.1", "port": 5678}


def test_child_sessions_are_asked_for_where_an_editor_knows_the_word() -> None:
    attach = json.loads(EDITORS["vscode"](6000))["configurations"][0]
    assert attach["subProcess"]
    assert json.loads(EDITORS["zed"](6000))[0]["subProcess"]


def test_the_editor_finds_the_ready_line_that_fn_dev_prints() -> None:
    launch = vscode_configurations(5678)[1]
    pattern = launch["serverReadyAction"]["pattern"]

    for line in ("  debug     127.0.0.1:5678", "  debug     \x1b[36m127.0.0.1:5678\x1b[0m"):
        found = re.search(pattern, f"  cloud     http://127.0.0.1:3002\n{line}\n  answers   POST /ice", re.IGNORECASE)
        assert found is not None
        assert found[1] == "5678"
    assert launch["serverReadyAction"]["name"] == vscode_configurations(5678)[0]["name"]


def test_the_one_in_lua_is_lua() -> None:
    lua = next(filter(None, map(shutil.which, ("luac", "lua", "luajit"))), None)
    if lua is None:
        pytest.skip("no Lua here")
    done = subprocess.run([lua, "-p", "-"], input=EDITORS["nvim"](1), text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
