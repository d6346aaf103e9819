"""A phone menu: greet the caller, offer sales and support, connect.

Each public function is a handler. The platform calls `ice` when a call comes in, `pie` when the caller has used the
menu, and `dice` when the call is over. What `ice` and `pie` return is what happens next on the call.
"""

from devserver.runtime import (
    DiceEvent,
    FunctionContext,
    IceEvent,
    IceSvamlBuilder,
    PieEvent,
    PieSvamlBuilder,
    create_menu,
)


async def ice(context: FunctionContext, event: IceEvent):
    """Incoming call: say welcome and run the menu."""
    # The cache is shared by all callbacks of all calls, so the call's id is part of the key.
    await context.cache.set(f"caller:{event.callid}", event.cli, ttl=4 * 3600)

    company = context.config.get_variable("COMPANY", "our company")
    menu = (
        create_menu()
        .prompt("Press 1 for sales, or 2 for support.")
        .repeat_prompt("Sorry, I did not get that. Press 1 for sales, or 2 for support.")
        .option("1", "return(sales)")
        .option("2", "return(support)")
        .repeats(2)
        .build()
    )
    return IceSvamlBuilder().say(f"Welcome to {company}!").run_menu(menu).build()


async def pie(context: FunctionContext, event: PieEvent):
    """The menu is over: `value` is what stands in `return(...)`, or nothing when no key was pressed."""
    department = event.menu_result.value
    caller = await context.cache.get(f"caller:{event.callid}")
    context.log.info("menu answered", caller=caller, department=department, how=event.menu_result.type)

    if department == "sales":
        number = context.config.require_variable("SALES_NUMBER")
        return PieSvamlBuilder().say("Connecting you to sales.").connect_pstn(number).build()
    if department == "support":
        number = context.config.require_variable("SUPPORT_NUMBER")
        return PieSvamlBuilder().say("Connecting you to support.").connect_pstn(number).build()
    return PieSvamlBuilder().say("Goodbye.").hangup().build()


async def dice(context: FunctionContext, event: DiceEvent):
    """The call is over: nothing can be said any more, so this only takes notes."""
    caller = await context.cache.get(f"caller:{event.callid}")
    await context.cache.delete(f"caller:{event.callid}")
    context.log.info("call ended", caller=caller, result=event.result, reason=event.reason, seconds=event.duration)


async def status(context: FunctionContext, request):
    """GET /status: any other public function answers plain HTTP requests under its own name."""
    return {"statusCode": 200, "body": {"ok": True, "function": context.config.function_name}}
