"""structlog, without what it would cost.

structlog imports rich as soon as rich is installed, only to draw tracebacks that we draw ourselves: 60 ms of every
start. Importing it through this module keeps rich out until a table is really wanted. Every module of ours says
`from devserver.logs import structlog`.
"""

from __future__ import annotations

import sys

_had_rich = "rich" in sys.modules
if not _had_rich:
    # An entry of None makes "import rich" fail at once, which structlog takes as "not installed".
    sys.modules["rich"] = None  # type: ignore[assignment]
try:
    import structlog
finally:
    if not _had_rich:
        del sys.modules["rich"]

__all__ = ["structlog"]
