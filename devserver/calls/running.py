"""Executing a document: the instructions in order, each finishing before the next, then the one action (2).

Two tables, `STEPS` and `ACTIONS`; a new instruction or action is a row. Nothing that a row calls comes back here: it
leaves the call in another state, or with another program, and the machine goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from devserver.calls import recording
from devserver.calls.commands import Note, Purpose
from devserver.calls.conferences import connect_conf, join_as_asked
from devserver.calls.connecting import CONNECTS, connect
from devserver.calls.continuing import JOIN, SAID, carry_on, say_all
from devserver.calls.ending import finish
from devserver.calls.menus import run_menu, set_cookie
from devserver.calls.outcomes import Situation
from devserver.calls.parking import park
from devserver.calls.program import Program, Step, flag_of, number_of
from devserver.calls.progress import Progress, State
from devserver.calls.setup import Leg

_PURPOSES: Mapping[str, Purpose] = {SAID: "text", JOIN: "greeting"}
_CAUSES: Mapping[int, Situation] = {1: "function refused as busy", 2: "function refused as congested"}


def advance(p: Progress) -> None:
    """Go on with the program until something takes time, or to its action."""
    program = p.program
    if program is None:
        raise AssertionError("a call runs without a program")
    while p.step < len(program.steps):
        step = program.steps[p.step]
        p.step += 1
        STEPS[step.kind](p, program, step)
        if p.playing:
            return
    p.program = None
    ACTIONS[program.action](p, program)


def prompt_ended(p: Progress) -> None:
    """An instruction is over; the machine goes on."""
    del p


def key_pressed(p: Progress) -> None:
    """A key during instructions: it only cuts short the prompts before a `hangup` with `barge` (2.2)."""
    program = p.program
    if program is not None and program.action == "hangup" and flag_of(program.fields, "barge"):
        p.stop_playing()
        p.step = len(program.steps)
    else:
        p.out.append(Note("Nobody waits for a key."))


def _play(p: Progress, program: Program, step: Step) -> None:
    if not p.caller:
        p.out.append(Note("There is nobody yet who could hear a prompt."))
        return
    early = p.settings.prompts_answer
    if p.source == "ice" and (early == "always" or (early == "without connect" and program.action not in CONNECTS)):
        p.answer()
    p.play(step.prompts, p.side, _PURPOSES.get(program.action, "instruction"), locale=step.locale)


def _keys(p: Progress, program: Program, step: Step) -> None:
    del program
    if p.caller:
        p.send_keys(step.text, p.side)


def _cookie(p: Progress, program: Program, step: Step) -> None:
    del program
    set_cookie(p, step.text, step.value)


def _answer(p: Progress, program: Program, step: Step) -> None:
    del program, step
    p.answer()


def _record(p: Progress, program: Program, step: Step) -> None:
    del program
    recording.start(p, step.options)


def _stop_recording(p: Progress, program: Program, step: Step) -> None:
    del program, step
    recording.stop(p)


def _hang_up(p: Progress, program: Program) -> None:
    finish(p, _CAUSES.get(number_of(program.fields, "hangupCause") or 0, "function hung up"))


def _run_menu(p: Progress, program: Program) -> None:
    if program.menus is None:
        raise AssertionError("runMenu without menus")
    leg: Leg = "caller"
    if p.callee == "up":
        leg = p.settings.ace_menu_to if p.source == "ace" else p.menu_leg if p.source == "pie" else "caller"
    run_menu(p, program.menus, leg)


def _record_as_action(p: Progress, program: Program) -> None:
    recording.start(p, program.fields.get("recordingOptions") or {})
    carry_on(p)


def _stop_recording_as_action(p: Progress, program: Program) -> None:
    del program
    recording.stop(p)
    carry_on(p)


STEPS: Mapping[str, Callable[[Progress, Program, Step], None]] = {
    "play": _play,
    "keys": _keys,
    "cookie": _cookie,
    "answer": _answer,
    "record": _record,
    "stop recording": _stop_recording,
}

ACTIONS: Mapping[str, Callable[[Progress, Program], None]] = {
    "hangup": _hang_up,
    "continue": lambda p, _: carry_on(p),
    "connectPstn": lambda p, program: connect(p, "connectPstn", program.fields),
    "connectMxp": lambda p, program: connect(p, "connectMxp", program.fields),
    "connectSip": lambda p, program: connect(p, "connectSip", program.fields),
    "connectStream": lambda p, program: connect(p, "connectStream", program.fields),
    "connectConf": lambda p, program: connect_conf(p, program.fields),
    "runMenu": _run_menu,
    "park": lambda p, program: park(p, program.fields),
    "startRecording": _record_as_action,
    "stopRecording": _stop_recording_as_action,
    SAID: lambda p, _: say_all(p),
    JOIN: lambda p, _: join_as_asked(p),
}


def busy(p: Progress) -> bool:
    """Whether there is something to execute now."""
    return p.state is State.RUNNING and not p.playing
