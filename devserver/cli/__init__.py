"""The command `fn`. One module per command group, imported when that command is used: `fn dev` must not pay for the
others. No logic here: parse, hand over, print.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 this line is for those who start it with an older one
    sys.exit("fn needs Python 3.11 or later; this is {}.{}. Install a newer one.".format(*sys.version_info[:2]))

from devserver.cli.entry import fn, main

__all__ = ["fn", "main"]
