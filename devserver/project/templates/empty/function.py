"""The smallest function that takes a call."""

from devserver.runtime import FunctionContext, IceEvent, IceSvamlBuilder


async def ice(context: FunctionContext, event: IceEvent):
    """Incoming call: say hello and hang up."""
    return IceSvamlBuilder().say("Hello!").hangup().build()
