"""What `sinch.json` may hold, as types: the keys of the platform, and ours under `dev`.

It must not read files or know about lines of text: `manifest` turns text into these and names the line of a mistake.
Ranges are part of the types, so that a value that would make the server useless is refused before it starts.
Sources of the platform's keys: functions-platform.md 5.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Origin = Literal["auth", "numbers", "sms", "conversation", "number_lookup", "voice"]
"""A product whose host can be redirected: those of the official SDK, and the Voice API."""

Seconds = Annotated[float, Meta(gt=0, le=3600)]


class ReplaySettings(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The object `dev.replay`.

    Attributes:
        ignore: paths whose differences are left out, such as `cache[seen:*]`.
    """

    ignore: list[str] = []


HostName = Annotated[str, Meta(pattern=r"^\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\Z", max_length=253)]
"""Without a scheme and a port."""

E164 = Annotated[str, Meta(pattern=r"^\+[1-9][0-9]{5,14}\Z")]


class CloudSettings(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The object `dev.cloud`: how the local Sinch on the cloud port behaves.

    Attributes:
        auth: `both` takes Basic and signed requests, `signed` refuses Basic with 40301 as an app in production may,
            `off` takes everything from programs on this machine.
        clock_skew: seconds that the `x-timestamp` of a signed request may be away from now; 0 takes any.
        numbers: phone numbers that the account has rented.
        balance: what is left on the account, in no particular currency; at 0 every callout is refused with 40200.
        blocked: beginnings of phone numbers that may not be called, such as `+900`; callouts to them
            are refused with 40300.
        without_fallback: whether configuring callbacks without a fallback address will `clear` or `keep` the old one.
    """

    auth: Literal["both", "signed", "off"] = "both"
    clock_skew: Annotated[float, Meta(ge=0, le=86_400)] = 300.0
    numbers: list[E164] = []
    balance: Annotated[float, Meta(ge=0)] = 100.0
    blocked: list[Annotated[str, Meta(pattern=r"^\+[0-9]{1,15}\Z")]] = []
    without_fallback: Literal["clear", "keep"] = "clear"


class FrpSettings(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The object `dev.frp`: an frp server of your own that gives the public address. Its token is `FRP_TOKEN`.

    Attributes:
        server: where `frpc` connects, as `host:port`.
        url: the public address that leads to this name, such as `https://me.dev.example.com`.
        subdomain: the name below the server's `subDomainHost`.
        domain: a whole name in place of a subdomain; that of `url` when both are left out.
    """

    server: Annotated[str, Meta(pattern=r"^\S+:[0-9]{1,5}\Z")]
    url: Annotated[str, Meta(pattern=r"^https?://[^/\s?#]+/?\Z")]
    subdomain: Annotated[str, Meta(pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?)?\Z")] = ""
    domain: Annotated[str, Meta(pattern=r"^([a-z0-9.-]+)?\Z")] = ""


class DevSettings(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The object `dev` of `sinch.json`: settings of `fn dev` alone, in camelCase there. Unknown keys are errors.

    Attributes:
        deadline: seconds a handler may take before the answer is 504.
        body_limit: bytes of the largest request body; a larger one is answered with 413.
        spares: how many warm host processes wait for the next save; 0 makes every reload start an interpreter.
        grace: seconds an old generation may take to finish what it has in hand.
        blocked_after: seconds after which a handler that blocks the event loop is named in the log.
        hung_after: seconds without a sign of life after which the host counts as hung.
        callback_deadline: seconds the platform waits for the answer to a voice callback; a slower one is marked.
        hold_margin: seconds before that deadline at which a call is answered for while its handler is held; what the
            tunnel takes comes on top.
        hold_prompt: what a parked call hears meanwhile: text that is spoken, or prompts in their own syntax.
        origins: addresses to use in place of Sinch's hosts, by product (`auth`, `numbers`, `sms`, `conversation`,
            `number_lookup`, `voice`), such as `{"sms": "http://127.0.0.1:3002"}`.
        voice: which platform `context.voice` reaches: the `local` one of the session, or the `live` one of Sinch.
        hosts: further names by which this machine may be called, and of sites whose pages may call the function, such
            as `fn.test`; `.example.com` is that name and all below it.
        ignore: more patterns, as in .gitignore, of files that the watcher leaves alone.
        record: whether what happens on the function port is recorded at all.
        retention_days: recordings older than this are deleted; 0 keeps them whatever their age.
        retention_megabytes: the oldest recordings are deleted until the file holds no more than this; 0 keeps them
            whatever their size.
        replay: settings of `fn replay` and `fn test`.
        cloud: settings of the local Sinch.
        tunnel_provider: who gives the public address.
        tunnel_expiry: seconds after which a tunnel ends unless somebody extends it; 0: never.
    """

    deadline: Seconds = 30.0
    body_limit: Annotated[int, Meta(ge=1024, le=1024**3)] = 10 * 1024**2
    spares: Annotated[int, Meta(ge=0, le=16)] = 2
    grace: Annotated[float, Meta(ge=0, le=3600)] = 5.0
    blocked_after: Seconds = 0.5
    hung_after: Seconds = 3.0
    callback_deadline: Seconds = 5.0
    hold_margin: Annotated[float, Meta(gt=0, le=60)] = 0.7
    hold_prompt: Annotated[str, Meta(min_length=1, max_length=600)] = "One moment, please."
    origins: dict[Origin, Annotated[str, Meta(pattern=r"^https?://[^/\s]+")]] = {}
    voice: Literal["local", "live"] = "local"
    hosts: list[HostName] = []
    ignore: list[str] = []
    record: bool = True
    retention_days: Annotated[float, Meta(ge=0, le=36_500)] = 7.0
    retention_megabytes: Annotated[float, Meta(ge=0, le=1_000_000)] = 1024.0
    replay: ReplaySettings = ReplaySettings()
    cloud: CloudSettings = CloudSettings()
    frp: FrpSettings | None = None
    tunnel_provider: Literal["cloudflare", "frp"] = "cloudflare"
    tunnel_expiry: Annotated[float, Meta(ge=0, le=604_800)] = 3600.0

    def client_origins(self, cloud: str) -> dict[str, str]:
        """Where the function's clients go, by product; what is left out goes to Sinch.

        Args:
            cloud: address of the local Sinch; empty where there is none, as in a replay. Nobody is reached then: a
                function that is meant to call the local one must not start real calls because it is not there.
        """
        origins = {str(product): url for product, url in self.origins.items()}
        return origins if self.voice == "live" else {"voice": cloud, **origins}


class TunnelSettings(Struct, frozen=True):
    """The object `tunnel` of `sinch.json`: the saved answer to "with a tunnel?"."""

    preference: Literal["on", "off"] | None = None


class Manifest(Struct, frozen=True, rename="camel"):
    """The content of `sinch.json`. Keys that are not listed here stay in the file untouched.

    Attributes:
        name: of the function; the identifier of a deployment.
        runtime: must be `python`, which is also what a missing key means.
        variables: environment variables that are no secrets: the file is committed.
        function_id: set by the platform's command line after a first deployment.
        voice_app: application key of the Voice App that belongs to this function.
        conversation_app: id of the Conversation app that belongs to this function.
        created_resources: what the platform's command line created; not ours to read.
        project_id: likewise.
    """

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z")]
    runtime: str = "python"
    description: str = ""
    variables: dict[Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*\Z")], str] = {}
    function_id: str | None = None
    tunnel: TunnelSettings = TunnelSettings()
    voice_app: str | None = None
    conversation_app: str | None = None
    dev: DevSettings = DevSettings()
    created_resources: object = None
    project_id: object = None
