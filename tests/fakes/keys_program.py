"""A session that is nothing but its keys; run by `test_keys.py` on a terminal."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from devserver.session.keys import Keys
from devserver.session.signals import Stopping


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def main(mode: str) -> None:
    stopping = Stopping(lambda: "a test", say)
    stopping.install()
    with Keys(enabled=mode != "disabled", tell=say) as keys:
        stopping.last = keys.restore
        say(f"available {keys.available}")
        keys.bind("a", "one more hour", lambda: say("pressed a"))
        keys.bind("q", "quit", stopping.stop)
        keys.bind("u", "unbind a", lambda: keys.unbind("a"))
        keys.bind("w", "where", lambda: say(f"in front {os.tcgetpgrp(0) == os.getpgrp()}"))
        if mode == "ask":
            for question, default in (("Really? \x1b[2J", False), ("Sure?", True)):
                say(f"answer {await keys.ask(question, default)}")
        elif mode == "two":
            say(f"answers {await asyncio.gather(keys.ask('First?'), keys.ask('Second?'))}")
        elif mode == "ending":
            task = asyncio.create_task(keys.ask("Still there?", default=True))
            await stopping.wait()
            keys.__exit__(None, None, None)
            say(f"answer {await task}")
        elif mode == "stuck":
            await stopping.wait()
            say("stuck")
            await asyncio.Event().wait()
        say("ready")
        await stopping.wait()
    say("done")
    if mode == "linger":
        signal.pause()


asyncio.run(main(sys.argv[1]))
