"""The watchdog's process: `python -P -m devserver.session.watchdog`. See `devserver/voiceapp/watchdog.py`.

Everything it may need is imported before it is armed: after a crash it must not depend on what has become of the disk.
"""

from __future__ import annotations

import os
import sys
from functools import partial

import aiohttp  # noqa: F401 loaded now, used by what is imported below when it is needed

from devserver.cloud import voice_state  # noqa: F401 the same
from devserver.session.platform import configuration_of
from devserver.session.terms import PROBE_VARIABLE
from devserver.voiceapp import Configuration, Errand, watch
from devserver.voiceapp.alive import is_dead


def _configuration(errand: Errand) -> Configuration:
    found = configuration_of(
        application=errand.application, secret=errand.secret, origin=errand.origin, local=errand.local
    )
    if found is None:
        raise ValueError("an errand without a secret")
    return found


def main() -> int:
    """Be the watchdog; gives the exit status."""
    via = os.environ.get(PROBE_VARIABLE) or None
    return watch(_configuration, is_dead=partial(is_dead, via=via))


if __name__ == "__main__":
    sys.exit(main())
