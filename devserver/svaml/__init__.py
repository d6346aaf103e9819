"""The markup that answers a callback: its tables, its prompts, the rules about it, and an answer in words.

Pure functions of data, used by the builders that user code imports and by the gateway that checks what came back. To
add an instruction or action, add a row to `model.py` and, where not every callback may have it, to `legality.py`.
"""

from __future__ import annotations

from devserver.svaml.errors import SvamlError
from devserver.svaml.findings import Finding
from devserver.svaml.rules import check
from devserver.svaml.words import describe, heard

__all__ = ["Finding", "SvamlError", "check", "describe", "heard"]
