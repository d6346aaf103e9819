"""Whether what is configured may be replaced: not another developer's tunnel, and production only when a person agrees.

It must not know how people are asked, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection

from devserver.runtime.clients.voice_results import Callbacks
from devserver.voiceapp.addresses import host_of, kind_of
from devserver.voiceapp.terms import LeaseRefused, Rules


async def admit(application: str, now: Callbacks, url: str, rules: Rules, dead: Collection[str] = ()) -> None:
    """Let pass what may be replaced; a person may be asked, which takes as long as it takes.

    Args:
        application: key.
        now: what is configured.
        url: what is to be configured; an address of the same host is ours already.
        rules: what is allowed.
        dead: addresses of tunnels that do not answer.

    Raises:
        LeaseRefused: it may not be replaced.
    """
    primary = now.primary or ""
    if host_of(primary) == host_of(url):
        return
    match kind_of(primary):
        case "tunnel" if not rules.take_over:
            silent = " (which does not answer)" if primary in dead else ""
            raise LeaseRefused(
                f"The callback of {application} is {primary}{silent}: it looks like another developer's tunnel.",
                hint="Ask them, then say --take-over to point it here. Or use a Voice App of your own.",
            )
        case "server" if rules.confirm is not None and not await rules.confirm(primary):
            raise LeaseRefused(
                f"The callback of {application} is {primary}, which looks like production, and was not changed.",
                hint="Say --yes to point it here without being asked. A Voice App for development is safer.",
            )
        case _:
            pass
