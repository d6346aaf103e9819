"""The way to a call that goes on: PATCH at the platform that its callbacks come from (voice-v1.md 5.2).

Simulated calls are at the local Sinch of the session. Real ones are at Sinch, or at `FN_CALLING_ORIGIN`, and are
reached with the Voice App of the project; a project without one gets its callbacks from the local Sinch, through the
tunnel too. It must not know why somebody wants to reach a call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from devserver.errors import FnError
from devserver.project import Project
from devserver.recorder.exchange import Source
from devserver.session.held import Unreached
from devserver.session.hold import Document

if TYPE_CHECKING:
    from devserver.runtime.clients.voice_http import VoiceHttp
    from devserver.session.telephony import Telephony


class Calls:
    """`devserver.session.held.Reach` over HTTP.

    Args:
        project: as it is configured now.
        telephony: of the session.
        cloud: address of the local Sinch.
    """

    def __init__(self, project: Callable[[], Project], telephony: Telephony, cloud: str) -> None:
        self._project = project
        self._telephony = telephony
        self._cloud = cloud

    def knows(self, source: Source, callid: str) -> bool:
        """See `Reach`. What plays calls elsewhere, as scenarios do, cannot be told from here to do anything else."""
        return source != "simulator" or self._telephony.phone().switchboard.facts(callid) is not None

    def stop_clock(self, source: Source, callid: str) -> Callable[[], None]:
        """See `Reach`."""
        call = self._telephony.phone().switchboard.call(callid) if source == "simulator" else None
        if call is None:
            return lambda: None
        call.timeline.stand_still()
        return call.timeline.go_on

    async def patch(self, source: Source, callid: str, svaml: Document) -> None:
        """See `Reach`."""
        from devserver.runtime.clients.unlocking import MissingVariables
        from devserver.runtime.clients.voice import Calls as VoiceCalls
        from devserver.runtime.clients.voice_results import VoiceError

        try:
            await VoiceCalls(self._platform(source)).update(callid, svaml)
        except VoiceError as error:
            raise Unreached(str(error), error.status) from error
        except (MissingVariables, FnError, ValueError) as error:
            raise Unreached(str(error), 403) from error

    def _platform(self, source: Source) -> VoiceHttp:
        from devserver.runtime.clients.voice_http import VoiceHttp

        project = self._project()
        if source == "tunnel" and project.voice_app and project.voice_secret:
            keys = _keys(project.voice_app, project.voice_secret)
            region = project.environment.get("VOICE_REGION", "")
            return VoiceHttp({**keys, "VOICE_REGION": region}, origin=project.dev.origins.get("voice"))
        application = self._telephony.application()
        return VoiceHttp(_keys(application.key, application.secret), origin=self._cloud)


def _keys(key: str, secret: str) -> Mapping[str, str]:
    return {"VOICE_APPLICATION_KEY": key, "VOICE_APPLICATION_SECRET": secret}
