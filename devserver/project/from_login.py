"""What a project takes from the login when it lacks credentials of its own: the last place, after `sinch.json`.

Only those ask who mean the real platform (`fn dev` with a tunnel, `fn voice --live`): the keyring takes a tenth of a
second, and a function that runs on a laptop needs no account.

What belongs together stays together. An application is a key and a secret, an account is a project, a key and a secret:
of each the login gives what is missing, but nothing at all when the project has said anything of it that the login
says differently. A key of one with the secret of another would be refused by the platform at best.

It must not know how a login is found.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace

from devserver.project.login import Login
from devserver.project.variables import Explanation, Step, Variable

Asked = Login | Callable[[], Login]
"""A login, or what finds it when it is needed."""

APPLICATION = {"VOICE_APPLICATION_KEY": "application_key", "VOICE_APPLICATION_SECRET": "application_secret"}
ACCOUNT = {"PROJECT_ID": "project_id", "PROJECT_ID_API_KEY": "key_id", "PROJECT_ID_API_SECRET": "key_secret"}
_REGION = {"VOICE_REGION": "region"}
_GROUPS = (APPLICATION, ACCOUNT, _REGION)
NAMES = tuple(name for group in _GROUPS for name in group)
"""The variables that a login may give."""

_SECRETS = frozenset({"VOICE_APPLICATION_SECRET", "PROJECT_ID_API_SECRET"})
_WHEN = "it counts with a tunnel and for `fn voice --live`"


def lent(own: Mapping[str, Variable], asked: Asked) -> dict[str, Variable]:
    """What the login gives to a project.

    Args:
        own: the variables of the project; one that is set to an empty text is not missing, and agrees with nothing.
        asked: the login.
    """
    if all(name in own for name in (*APPLICATION, *ACCOUNT)):
        return {}
    login = asked() if callable(asked) else asked
    return {variable.name: variable for group in _GROUPS for variable in _lent(group, own, login)}


def explained(story: Explanation, own: Mapping[str, Variable], asked: Asked) -> Explanation:
    """The story of one variable with the login as its last place.

    Args:
        story: without it.
        own: as in `lent`; only those in `NAMES` count.
        asked: the login; asked only when no other place had a value.
    """
    if story.key not in NAMES:
        return story
    if story.variable is not None:
        return _with(story, Step("login", None, f"not asked: {story.variable.source} comes first"))
    login = asked() if callable(asked) else asked
    value, reason = _judged(story.key, own, login)
    step = Step("login", value, reason)
    if value is None:
        return _with(story, step)
    return _with(story, step, Variable(story.key, value, "login", story.secret))


def _with(story: Explanation, step: Step, found: Variable | None = None) -> Explanation:
    variable = found or story.variable
    trouble = "" if variable else story.trouble
    return replace(story, variable=variable, steps=(*story.steps, step), trouble=trouble)


def _lent(group: Mapping[str, str], own: Mapping[str, Variable], login: Login) -> Iterator[Variable]:
    for name in group:
        if name not in own:
            value, _ = _judged(name, own, login)
            if value is not None:
                yield Variable(name, value, "login", name in _SECRETS)


def _judged(name: str, own: Mapping[str, Variable], login: Login) -> tuple[str | None, str]:
    """The value that the login gives, or None, and why."""
    group = next(group for group in _GROUPS if name in group)
    value: str | None = getattr(login, group[name])
    profile = f"of profile {login.profile}"
    if not value:
        if login.trouble:
            return None, f"not available: {login.trouble}"
        if group[name] in login.mismatch:
            return None, f"the keyring has one {profile}, but for another id than the environment says"
        return None, f"nobody is logged in with one {profile}; see `fn auth login`"
    if other := _other(name, group, own, login):
        return None, f"has one {profile}, but for another {other} than this project's"
    return value, f"has one {profile} (from {_place(group[name], login)}); {_WHEN}"


def _other(name: str, group: Mapping[str, str], own: Mapping[str, Variable], login: Login) -> str:
    """The first variable of the group that the project has otherwise; empty when there is none."""
    for each, field in group.items():
        if each == name or each not in own:
            continue
        mine, theirs = own[each].value.strip(), getattr(login, field) or ""
        if not mine or (mine != theirs if each in _SECRETS else mine.lower() != theirs.lower()):
            return each
    return ""


def _place(field: str, login: Login) -> str:
    return {"config": "config.json"}.get(place := login.sources.get(field, "config"), place)


def names_of(login: Login) -> Collection[str]:
    """The variables for which the login has a value."""
    return [name for group in _GROUPS for name, field in group.items() if getattr(login, field)]
