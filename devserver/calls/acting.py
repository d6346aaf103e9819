"""What a party's action is to the machine, and to those who listen. Pure."""

from __future__ import annotations

from devserver.calls import actions, events, told

Deed = actions.Press | actions.Say | actions.HangUp | actions.Detect | actions.Beep | actions.Manage
"""Actions that are an event as they are; the others are the switchboard's business."""


def event_of(deed: Deed, at: float) -> events.Event:
    """The event of a deed at a time of the clock."""
    match deed:
        case actions.Press(key=key, leg=leg):
            return events.KeyPressed(at, key, leg)
        case actions.Say(text=text, leg=leg):
            return events.Spoke(at, text, leg)
        case actions.HangUp(leg=leg):
            return events.HungUp(at, leg)
        case actions.Detect(status=status, reason=reason, duration=duration):
            return events.MachineDetected(at, status, reason, duration)
        case actions.Beep(duration=duration):
            return events.BeepHeard(at, duration)
        case actions.Manage(body=body, leg=side):
            return events.Patched(at, body, side)


def told_of(deed: Deed, at: float) -> told.Told | None:
    """What is told of a deed, seconds after the call began; None: nothing."""
    match deed:
        case actions.Press(key=key, leg=leg):
            return told.Pressed(at, key, leg)
        case actions.Say(text=text, leg=leg):
            return told.Said(at, text, leg)
        case actions.HangUp(leg=leg):
            return told.HungUp(at, leg, "party")
        case actions.Detect(status=status):
            return told.Detected(at, status)
        case actions.Beep():
            return told.Detected(at, "beep")
        case actions.Manage():
            return None
