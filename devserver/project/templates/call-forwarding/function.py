"""Call forwarding: every call goes to one number; calls that nobody took are kept in a list.

`ice` connects, `ace` hears that the other side picked up, `dice` hears how it ended, and GET /missed shows the list.
"""

import json

from devserver.runtime import AceEvent, AceSvamlBuilder, DiceEvent, FunctionContext, IceEvent, IceSvamlBuilder


async def ice(context: FunctionContext, event: IceEvent):
    """Incoming call: connect it to the number in the variable FORWARD_TO."""
    # Without the variable this raises an error that names it, and the caller hears the platform's error message.
    number = context.config.require_variable("FORWARD_TO")
    await context.cache.set(f"caller:{event.callid}", event.cli, ttl=4 * 3600)
    context.log.info("forwarding", caller=event.cli, to=number)
    # Half a minute of ringing, and no call longer than an hour. Both are seconds.
    return IceSvamlBuilder().connect_pstn(number, dial_timeout=30, max_duration=3600).build()


async def ace(context: FunctionContext, event: AceEvent):
    """The other side picked up: let the two talk. A place for a whispered `say` to the one who answers."""
    context.log.info("answered", caller=await context.cache.get(f"caller:{event.callid}"))
    return AceSvamlBuilder().continue_().build()


async def dice(context: FunctionContext, event: DiceEvent):
    """The call is over: remember it when nobody took it."""
    caller = await context.cache.get(f"caller:{event.callid}")
    context.log.info("call ended", caller=caller, result=event.result, seconds=event.duration)
    if event.result != "ANSWERED":
        missed = {"caller": caller, "result": event.result, "at": event.timestamp}
        # Storage outlives restarts, the cache does not have to.
        await context.storage.write(f"missed/{event.callid}.json", json.dumps(missed))


async def missed(context: FunctionContext, request):
    """GET /missed: the calls that nobody took."""
    keys = await context.storage.list("missed/")
    calls = [json.loads(await context.storage.read(key)) for key in keys]
    return {"missed": sorted(calls, key=lambda call: call["at"] or "")}
