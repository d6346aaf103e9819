"""Run with `fn test` or `pytest`. The fixture `function` comes with fn: it calls the handler as the platform would.

Nothing is ever sent to Sinch: a test says what would come back, and looks at what was sent.
"""

import pytest

CREDENTIALS = {
    "PROJECT_ID": "p-1",
    "PROJECT_ID_API_KEY": "made-up",
    "PROJECT_ID_API_SECRET": "made-up",
    "CONVERSATION_APP_ID": "app-1",
}


def receive(function, text):
    """A message from a person, as the Conversation API sends it."""
    message = {
        "id": "m1",
        "direction": "TO_APP",
        "contact_message": {"text_message": {"text": text}},
        "channel_identity": {"channel": "SMS", "identity": "12025550199", "app_id": ""},
    }
    body = {"app_id": "app-1", "project_id": "p-1", "message": message}
    return function.request("POST", "/webhook/conversation", json=body)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("hours", "We are open: 9 to 17."),
        (" Hours? ", "We are open: 9 to 17."),
        ("HELP", "Send HOURS for our opening hours. Anything else is answered by a person tomorrow."),
        ("Hej", 'Thank you for "Hej". Send HELP to see what I understand.'),
    ],
)
def test_a_message_is_answered_the_way_it_came(function, text, answer):
    function.config.update(CREDENTIALS, OPENING_HOURS="9 to 17")
    function.outbound.answer("POST", "/messages:send", {"message_id": "m2"})
    receive(function, text).expect(status=200, json={"answered": True})
    (sent,) = function.outbound.sent
    assert sent.json["message"]["text_message"]["text"] == answer
    assert sent.json["recipient"]["identified_by"]["channel_identities"] == [
        {"channel": "SMS", "identity": "12025550199"}
    ]


def test_without_credentials_the_error_names_what_is_missing(function):
    answer = receive(function, "hours")
    assert answer.status == 500
    assert "PROJECT_ID_API_KEY" in answer.error


@pytest.mark.parametrize("body", [None, {}, {"message_delivery_report": {"status": "DELIVERED"}}, {"message": {}}])
def test_everything_else_is_accepted_and_not_answered(function, body):
    function.request("POST", "/webhook/conversation", json=body).expect(status=200, json={"answered": False})
    assert function.outbound.sent == []
