"""What each command of the machine does to the world, in a table; the twin of `commands`.

Nothing here waits: what takes time is put on the call's timeline or into the post, and comes back as an event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from devserver.calls import commands, events, told
from devserver.calls.answering import unusable, why_failed
from devserver.calls.delivery import Delivered
from devserver.calls.disturbing import send_disturbed
from devserver.calls.judging_answers import judge
from devserver.calls.ongoing import RunningCall
from devserver.calls.prompting import Playing
from devserver.calls.speech import seconds_of_keys, seconds_of_prompt, words_of_prompt
from devserver.calls.timeline import Due
from devserver.svaml.prompts import Prompt

_MILLISECONDS = 1000


def obey(call: RunningCall, command: commands.Command, following: Sequence[commands.Command]) -> None:
    """Carry out a command; `following` come right after it."""
    if isinstance(command, commands.Offer):
        _offer(call, command, following)
    else:
        _TABLE[type(command)](call, command)


# --- callbacks -----------------------------------------------------------------------------------------------------


def _send_callback(call: RunningCall, command: commands.SendCallback) -> None:
    call.tell(told.CallbackSent(call.at, command.callback, command.event))
    if call.chaos is not None:
        send_disturbed(call, command, call.chaos, partial(_answered, call, command))
        return
    ticket = call.timeline.hold()

    def done(delivered: Delivered) -> None:
        call.timeline.answered(ticket, lambda: _answered(call, command, delivered))

    call.exchange.post.send(command, partial(unusable_for, call, command), done, lambda: not call.over)


def unusable_for(call: RunningCall, command: commands.SendCallback, status: int, body: bytes) -> str:
    """Why an answer is none for this call; empty when it is one."""
    return unusable(call.setup, call.exchange.settings, command, status, body)


def _answered(call: RunningCall, command: commands.SendCallback, delivered: Delivered, *, blame: bool = True) -> None:
    if call.over:
        return
    setup, settings, body = call.setup, call.exchange.settings, delivered.body
    why = delivered.why or why_failed(setup, settings, command, delivered.status, body)
    judgement = judge(command, delivered.status, body)
    call.tell(
        told.CalledBack(
            at=call.at,
            callback=command.callback,
            event=command.event,
            request=command.payload,
            answer=judgement.answer,
            status=delivered.status,
            ms=delivered.ms,
            budget=command.deadline * _MILLISECONDS,
            findings=judgement.findings,
            words=delivered.why or judgement.words,
            failed=bool(why) and blame,
            fallback=bool(delivered.attempts) and delivered.attempts[-1].url != command.urls[0],
        )
    )
    now = call.timeline.now
    if delivered.why:
        call.receive(events.CallbackFailed(now, command.callback, delivered.why))
    else:
        call.receive(events.CallbackAnswered(now, command.callback, delivered.status, body))


# --- prompts, keys, timers -----------------------------------------------------------------------------------------


def _play(call: RunningCall, command: commands.Play) -> None:
    def begins(prompt: Prompt, seconds: float) -> None:
        words = words_of_prompt(prompt)
        side, purpose = command.leg, command.purpose
        call.tell(told.Heard(call.at, words, side, seconds, purpose, command.menu, command.locale))

    def ends() -> None:
        call.playing.pop(command.play, None)
        call.receive(events.PromptEnded(call.timeline.now, command.play))

    call.playing[command.play] = Playing(command, call.timeline, begins, ends)


def _stop_playing(call: RunningCall, command: commands.StopPlaying) -> None:
    playing = call.playing.get(command.play)
    if playing is None:
        return
    if not command.now and isinstance(playing, Playing):
        playing.finish()
        return
    del call.playing[command.play]
    if isinstance(playing, Due):
        call.timeline.cancel(playing)
    else:
        playing.stop()
        call.tell(told.Hushed(call.at))


def _send_keys(call: RunningCall, command: commands.SendKeys) -> None:
    def ends() -> None:
        call.playing.pop(command.play, None)
        call.receive(events.PromptEnded(call.timeline.now, command.play))

    seconds = seconds_of_keys(command.keys)
    call.tell(told.KeysSent(call.at, command.keys, command.leg, seconds))
    call.playing[command.play] = call.timeline.after(seconds, ends)


def _start_timer(call: RunningCall, command: commands.StartTimer) -> None:
    def fire() -> None:
        call.timers.pop(command.name, None)
        call.receive(events.TimerFired(call.timeline.now, command.name))

    call.timers[command.name] = call.timeline.after(command.seconds, fire)


def _stop_timer(call: RunningCall, command: commands.StopTimer) -> None:
    call.timeline.cancel(call.timers.pop(command.name, None))


def _offer(call: RunningCall, command: commands.Offer, following: Sequence[commands.Command]) -> None:
    prompts = next(
        (each.prompts for each in following if isinstance(each, commands.Play) and each.menu == command.menu), ()
    )
    seconds = round(sum(seconds_of_prompt(prompt) for prompt in prompts), 3)
    menu, options, leg = command.menu, command.options, command.leg
    call.tell(told.Offered(call.at, menu, options, command.digits, command.voice, command.round, leg, seconds))


# --- legs ----------------------------------------------------------------------------------------------------------


def _dial(call: RunningCall, command: commands.Dial) -> None:
    call.dials[command.leg] = command
    to = command.to
    call.tell(told.Dialling(call.at, command.leg, to.endpoint, to.type, command.cli, command.amd))


def _stop_dialling(call: RunningCall, command: commands.StopDialling) -> None:
    dial = call.dials.pop(command.leg, None)
    if dial is not None:
        call.tell(told.NotConnected(call.at, command.leg, dial.to.endpoint, "given up"))


def _hang_up(call: RunningCall, command: commands.HangUp) -> None:
    call.tell(told.HungUp(call.at, command.leg, "platform"))


# --- conferences, recordings, the end ------------------------------------------------------------------------------


def _join(call: RunningCall, command: commands.JoinConference) -> None:
    others = call.exchange.others(call, command.conference)
    call.exchange.room(call, command)
    call.tell(told.Joined(call.at, command.conference, others, command.dtmf.mode))


def _leave(call: RunningCall, command: commands.LeaveConference | commands.StepOut) -> None:
    call.exchange.room(call, command)
    call.tell(told.Left(call.at, command.conference, isinstance(command, commands.StepOut)))


def _step_back(call: RunningCall, command: commands.StepBack) -> None:
    call.exchange.room(call, command)
    call.tell(told.Noted(call.at, f"Back in the conference {command.conference}."))


def _start_recording(call: RunningCall, command: commands.StartRecording) -> None:
    call.exchange.begin_recording(call, command)
    call.tell(told.RecordingBegan(call.at, command.file))


def _refused(call: RunningCall, command: commands.Refused) -> None:
    call.tell(told.NotPossible(call.at, command.what, command.possible, command.why))


_TABLE: Mapping[type, Callable[[RunningCall, Any], None]] = {
    commands.SendCallback: _send_callback,
    commands.Play: _play,
    commands.StopPlaying: _stop_playing,
    commands.SendKeys: _send_keys,
    commands.StartTimer: _start_timer,
    commands.StopTimer: _stop_timer,
    commands.Dial: _dial,
    commands.StopDialling: _stop_dialling,
    commands.Answer: lambda call, _: call.tell(told.Answered(call.at)),
    commands.Bridge: lambda call, _: call.tell(told.Bridged(call.at)),
    commands.HangUp: _hang_up,
    commands.JoinConference: _join,
    commands.LeaveConference: _leave,
    commands.StepOut: _leave,
    commands.StepBack: _step_back,
    commands.ForwardKey: lambda call, command: call.exchange.room(call, command),
    commands.StartRecording: _start_recording,
    commands.StopRecording: lambda call, command: call.exchange.end_recording(call, command),
    commands.ReportStatus: lambda call, it: call.tell(told.StatusReported(call.at, it.value, it.details)),
    commands.Note: lambda call, command: call.tell(told.Noted(call.at, command.text)),
    commands.Refused: _refused,
    commands.End: lambda call, command: call.finish(command),
}
"""Every command but `Offer`."""
