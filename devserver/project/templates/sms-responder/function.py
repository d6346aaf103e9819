"""An SMS responder: reads what people write and answers through the Conversation API.

The Conversation API calls POST /webhook/conversation for everything that happens in a conversation; by its path that
is the handler `conversation_webhook`. Only text messages from people are answered.
"""

from devserver.runtime import FunctionContext


async def conversation_webhook(context: FunctionContext, request):
    """POST /webhook/conversation: something happened in a conversation."""
    event = request.body if isinstance(request.body, dict) else {}
    message = event.get("message") or {}
    text = ((message.get("contact_message") or {}).get("text_message") or {}).get("text")
    if text is None:
        # Delivery reports, pictures, typing...: fine, but nothing to answer.
        return {"answered": False}

    # The channel and the address on it: the answer goes back the way the question came.
    sender = message["channel_identity"]
    context.log.info("message", channel=sender["channel"], sender=sender["identity"], text=text)
    answer = await _answer(context, text)
    # Without credentials this raises an error that names the variables that are missing.
    await context.conversation.messages.send_text_message(
        app_id=event["app_id"],
        text=answer,
        recipient_identities=[{"channel": sender["channel"], "identity": sender["identity"]}],
    )
    return {"answered": True}


# A name that starts with an underscore is no handler: nobody can call it from outside.
async def _answer(context: FunctionContext, text: str) -> str:
    keyword = text.strip().rstrip("?!.").upper()
    if keyword == "HOURS":
        hours = context.config.get_variable("OPENING_HOURS", "always")
        return f"We are open: {hours}."
    if keyword == "HELP":
        return (await context.assets("help.txt")).strip()
    return f'Thank you for "{text}". Send HELP to see what I understand.'
