"""Run with `pytest`. Handlers are plain functions: call them with a request and look at what they do."""

import asyncio
import logging
from pathlib import Path
from types import SimpleNamespace

import function
import pytest


class Messages:
    """As much of `context.conversation.messages` as the handler uses; keeps what was sent."""

    def __init__(self):
        self.sent = []

    async def send_text_message(self, **message):
        self.sent.append(message)


class Log:
    """Takes what `context.log` takes and hands it to the standard logging, where pytest shows it."""

    def info(self, text, /, **values):
        logging.getLogger("function").info("%s %s", text, values)


async def read_asset(name):
    return (Path(function.__file__).parent / "assets" / name).read_text()


def make_context():
    return SimpleNamespace(
        conversation=SimpleNamespace(messages=Messages()),
        config=SimpleNamespace(get_variable={"OPENING_HOURS": "9 to 17"}.get),
        assets=read_asset,
        log=Log(),
    )


def inbound(text):
    """A message from a person, as the Conversation API sends it."""
    message = {
        "id": "m1",
        "direction": "TO_APP",
        "contact_message": {"text_message": {"text": text}},
        "channel_identity": {"channel": "SMS", "identity": "12025550199", "app_id": ""},
    }
    return SimpleNamespace(method="POST", body={"app_id": "app-1", "project_id": "p-1", "message": message})


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("hours", "We are open: 9 to 17."),
        (" Hours? ", "We are open: 9 to 17."),
        ("HELP", "Send HOURS for our opening hours. Anything else is answered by a person tomorrow."),
        ("Hej", 'Thank you for "Hej". Send HELP to see what I understand.'),
    ],
)
def test_a_message_is_answered_the_way_it_came(text, answer):
    context = make_context()
    assert asyncio.run(function.conversation_webhook(context, inbound(text))) == {"answered": True}
    recipient = {"channel": "SMS", "identity": "12025550199"}
    assert context.conversation.messages.sent == [
        {"app_id": "app-1", "text": answer, "recipient_identities": [recipient]}
    ]


@pytest.mark.parametrize("body", [None, {}, {"message_delivery_report": {"status": "DELIVERED"}}, {"message": {}}])
def test_everything_else_is_accepted_and_not_answered(body):
    context = make_context()
    request = SimpleNamespace(method="POST", body=body)
    assert asyncio.run(function.conversation_webhook(context, request)) == {"answered": False}
    assert context.conversation.messages.sent == []
