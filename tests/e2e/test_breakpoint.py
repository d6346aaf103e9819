"""`breakpoint()` in `fn dev` at a terminal: pdb there, our lines and Ctrl-C in their turn."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.commands import run
from tests.e2e.conftest import Start
from tests.e2e.debugging import Asked
from tests.e2e.running import FN, environment, project
from tests.fakes.job_shell import ENDED, Job
from tests.fakes.web import fetch

pytestmark = pytest.mark.e2e
