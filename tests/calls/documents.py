"""Documents that playbooks answer with."""

from __future__ import annotations

import json

HANGUP = json.dumps({"action": {"name": "hangup"}})
SAY_HANGUP = json.dumps({"instructions": [{"name": "say", "text": "Bye"}], "action": {"name": "hangup"}})
PSTN = json.dumps({"action": {"name": "connectPstn", "number": "+12018888888"}})
PSTN_SYNC = json.dumps({"action": {"name": "connectPstn", "number": "+12018888888", "amd": {"enabled": True}}})
PSTN_ASYNC = json.dumps(
    {"action": {"name": "connectPstn", "number": "+12018888888", "amd": {"enabled": True, "async": True}}}
)
CONTINUE = json.dumps({"action": {"name": "continue"}})
MENU = json.dumps(
    {
        "action": {
            "name": "runMenu",
            "menus": [
                {
                    "id": "main",
                    "mainPrompt": "#tts[Press 1 or 2]",
                    "repeatPrompt": "#tts[Again]",
                    "repeats": 1,
                    "options": [{"dtmf": "1", "action": "return(sales)"}, {"dtmf": "2", "action": "menu(more)"}],
                },
                {
                    "id": "more",
                    "mainPrompt": "#tts[More]",
                    "repeats": 0,
                    "timeoutMills": 2000,
                    "options": [{"dtmf": "*", "action": "menu(main)"}],
                },
            ],
        }
    }
)
DIGITS = json.dumps(
    {
        "action": {
            "name": "runMenu",
            "menus": [
                {
                    "id": "main",
                    "mainPrompt": "#tts[Your PIN]",
                    "maxDigits": 4,
                    "repeats": 0,
                    "options": [{"dtmf": "0", "action": "return(help)"}],
                }
            ],
        }
    }
)
VOICE = json.dumps(
    {
        "action": {
            "name": "runMenu",
            "enableVoice": True,
            "locale": "en-US",
            "menus": [
                {
                    "id": "main",
                    "mainPrompt": "#tts[Say sales]",
                    "repeats": 0,
                    "maxTimeoutMills": 9000,
                    "options": [{"dtmf": "1", "action": "return(sales)", "input": "sales"}],
                }
            ],
        }
    }
)
VOICE_DIGITS = json.dumps(
    {
        "action": {
            "name": "runMenu",
            "enableVoice": True,
            "locale": "en-US",
            "menus": [{"id": "main", "mainPrompt": "#tts[Your name]", "maxDigits": 4}],
        }
    }
)
NO_BARGE = json.dumps(
    {
        "action": {
            "name": "runMenu",
            "barge": False,
            "menus": [
                {
                    "id": "main",
                    "mainPrompt": "#tts[Press 1 or 2]",
                    "repeatPrompt": "#tts[Again]",
                    "repeats": 1,
                    "options": [{"dtmf": "1", "action": "return(sales)"}, {"dtmf": "2", "action": "menu(more)"}],
                },
                {
                    "id": "more",
                    "mainPrompt": "#tts[More]",
                    "repeats": 0,
                    "timeoutMills": 2000,
                    "options": [{"dtmf": "*", "action": "menu(main)"}],
                },
            ],
        }
    }
)
PARK = json.dumps(
    {"action": {"name": "park", "introPrompt": "#tts[Wait]", "holdPrompt": "#tts[Still]", "maxDuration": 60}}
)
CONFERENCE = json.dumps({"action": {"name": "connectConf", "conferenceId": "room"}})
MXP = json.dumps({"action": {"name": "connectMxp", "destination": {"type": "username", "endpoint": "bob"}}})
SIP_CONNECT = json.dumps(
    {
        "action": {
            "name": "connectSip",
            "destination": {"type": "sip", "endpoint": "sip:bob@example.test"},
            "dialTimeout": 20,
        }
    }
)
STREAM = json.dumps(
    {"action": {"name": "connectStream", "destination": {"type": "Websocket", "endpoint": "wss://a.test"}}}
)
SAY_CONTINUE = json.dumps({"instructions": [{"name": "say", "text": "Hear"}], "action": {"name": "continue"}})
RECORD = json.dumps(
    {
        "instructions": [
            {"name": "startRecording", "options": {"transcriptionOptions": {"enabled": True}}},
            {"name": "say", "text": "Speak"},
        ],
        "action": {"name": "hangup"},
    }
)
CONF_FORWARD = json.dumps(
    {
        "action": {
            "name": "connectConf",
            "conferenceId": "room",
            "conferenceDtmfOptions": {"mode": "forward", "maxDigits": 1},
        }
    }
)
CONF_DETECT = json.dumps(
    {
        "action": {
            "name": "connectConf",
            "conferenceId": "room",
            "conferenceDtmfOptions": {"mode": "detect", "maxDigits": 1},
        }
    }
)
CONF_DETECT_THREE = json.dumps(
    {
        "action": {
            "name": "connectConf",
            "conferenceId": "room",
            "conferenceDtmfOptions": {"mode": "detect", "maxDigits": 3},
        }
    }
)
