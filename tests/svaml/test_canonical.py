from __future__ import annotations

from devserver.svaml.canonical import canonical, read


def test_known_names_are_spelled_as_in_the_tables() -> None:
    document = {
        "INSTRUCTIONS": [{"NAME": "PLAYFILES", "IDS": ["a"]}],
        "Action": {"Name": "runmenu", "Menus": [{"ID": "Main", "Options": [{"DTMF": 1, "add": [{"Key": "A"}]}]}]},
    }
    assert canonical(document) == {
        "instructions": [{"name": "playFiles", "ids": ["a"]}],
        "action": {"name": "runMenu", "menus": [{"id": "Main", "options": [{"dtmf": 1, "add": [{"key": "A"}]}]}]},
    }


def test_unknown_names_and_odd_values_stay_as_they_are() -> None:
    document = {
        "Extra": 1,
        "instructions": [7, {"Name": "sing", "Text": "la"}],
        "action": {"name": "hangup", "Why": {"X": 1}},
    }
    assert canonical(document) == {
        "Extra": 1,
        "instructions": [7, {"name": "sing", "Text": "la"}],
        "action": {"name": "hangup", "Why": {"X": 1}},
    }


def test_what_is_no_object_reads_as_an_empty_document() -> None:
    assert canonical(None) == {}
    assert canonical([{"action": {}}]) == {}


def test_the_first_of_two_spellings_wins_and_the_other_is_odd() -> None:
    oddities: list[object] = []
    top = read({"action": {"name": "hangup", "barge": True, "Barge": False}}, oddities)  # type: ignore[arg-type]
    assert top["action"]["barge"] is True
    assert [(odd.path, odd.key, odd.twice) for odd in oddities] == [("action", "Barge", True)]  # type: ignore[attr-defined]


def test_the_document_of_the_caller_is_not_touched() -> None:
    document = {"Action": {"Name": "HangUp"}}
    canonical(document)
    assert document == {"Action": {"Name": "HangUp"}}
