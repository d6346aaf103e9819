"""Which variables unlock which client, and the error that names the missing ones (functions-platform.md 3).

The platform leaves a client undefined when its variables are not set, so that a call through it is skipped without a
word. Here it is an error as soon as the client is used, and false when it is only looked at: `if context.sms:`.
"""

from __future__ import annotations

from collections.abc import Mapping

_PROJECT = ("PROJECT_ID", "PROJECT_ID_API_KEY", "PROJECT_ID_API_SECRET")

UNLOCKED_BY: Mapping[str, tuple[str, ...]] = {
    "conversation": (*_PROJECT, "CONVERSATION_APP_ID"),
    "sms": (*_PROJECT, "SMS_SERVICE_PLAN_ID"),
    "numbers": (*_PROJECT, "ENABLE_NUMBERS_API"),
    "voice": ("VOICE_APPLICATION_KEY", "VOICE_APPLICATION_SECRET"),
}
_SWITCHES = frozenset({"ENABLE_NUMBERS_API"})


class MissingVariables(LookupError):
    """A client was used whose variables are not set.

    Attributes:
        client: its name on the context, such as `sms`.
        names: the variables that are missing.
    """

    def __init__(self, client: str, names: tuple[str, ...]) -> None:
        self.client = client
        self.names = names
        shown = [f"{name}=true" if name in _SWITCHES else name for name in names]
        listed = " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
        super().__init__(
            f"context.{client} cannot be used without {listed}. Put what is secret into .env, "
            "and the rest there or into `variables` of sinch.json."
        )

    def __reduce__(self) -> tuple[type, tuple[str, tuple[str, ...]]]:
        return type(self), (self.client, self.names)


def missing(client: str, variables: Mapping[str, str]) -> tuple[str, ...]:
    """The variables that the client still needs; an empty value counts as none."""
    return tuple(name for name in UNLOCKED_BY[client] if not _is_set(name, variables.get(name, "")))


def _is_set(name: str, value: str) -> bool:
    return value.strip().lower() == "true" if name in _SWITCHES else bool(value.strip())
