"""What each editor must be told to attach to `fn dev --debug`: pieces of configuration, as text.

All of them attach once; the child session of each new generation comes by itself (`subProcess`: on by default, and
said where an editor knows the word).
"""

from __future__ import annotations

import json
from typing import Any

ATTACH, LAUNCH = "fn dev: attach", "fn dev: start and attach"
_HOST = "127.0.0.1"


def vscode_configurations(port: int) -> list[dict[str, Any]]:
    """Configurations for `.vscode/launch.json`.

    The second starts `fn dev` in a terminal of the editor, and attaches: a configuration that launches it under the
    debugger would trace the gateway, too, and lose the attachment with it.
    """
    attach: dict[str, Any] = {
        "name": ATTACH,
        "type": "debugpy",
        "request": "attach",
        "connect": {"host": _HOST, "port": port},
        "justMyCode": True,
        "subProcess": True,
    }
    launch = {
        "name": LAUNCH,
        "type": "node-terminal",
        "request": "launch",
        "command": f"fn dev --debug {port}",
        "cwd": "${workspaceFolder}",
        "serverReadyAction": {
            "pattern": r"debug[^\n]*127\.0\.0\.1:([0-9]+)",
            "action": "startDebugging",
            "name": ATTACH,
            "killOnServerStop": True,
        },
    }
    return [attach, launch]


def vscode(port: int) -> str:
    """`.vscode/launch.json`, for who has none."""
    return json.dumps({"version": "0.2.0", "configurations": vscode_configurations(port)}, indent=4)


def pycharm(port: int) -> str:
    """PyCharm 2026.1 and later attach to what speaks this protocol; earlier ones cannot."""
    return f"""\
PyCharm 2026.1 or later:
  Run | Edit Configurations | Add New Configuration | Attach to DAP
    Host: {_HOST}
    Port: {port}
Then start `fn dev --debug {port}`, and this configuration with Debug. It stays attached over every save.
(Its "Python Debug Server" is something else: there PyCharm listens, and the code connects.)"""


def zed(port: int) -> str:
    """`.zed/debug.json`."""
    scenario = {
        "label": ATTACH,
        "adapter": "Debugpy",
        "request": "attach",
        "connect": {"host": _HOST, "port": port},
        "justMyCode": True,
        "subProcess": True,
    }
    return json.dumps([scenario], indent=2)


def nvim(port: int) -> str:
    """For nvim-dap."""
    return f"""\
local dap = require("dap")
dap.adapters.fn = {{ type = "server", host = "{_HOST}", port = {port} }}
dap.configurations.python = dap.configurations.python or {{}}
table.insert(dap.configurations.python, {{
  name = "{ATTACH}",
  type = "fn",
  request = "attach",
  connect = {{ host = "{_HOST}", port = {port} }},
  justMyCode = true,
}})"""


EDITORS = {"vscode": vscode, "pycharm": pycharm, "zed": zed, "nvim": nvim}
"""The piece for each editor, by name; each takes the port."""
