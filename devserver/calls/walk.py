"""One call that is walked through: time passes at once, prompts end as they begin, and somebody chooses each move.

A generator: what the function is to be asked comes out as `Question`, and its `Reply` goes in. So nothing here waits,
and one call is walked in the same way over HTTP, in process, or in a test.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Generator
from typing import Any

import msgspec

from devserver.calls.answering import reading_of
from devserver.calls.choices import RESTING, SPOKEN, Choice
from devserver.calls.commands import (
    Command,
    Dial,
    End,
    Play,
    SendCallback,
    SendKeys,
    StartRecording,
    StartTimer,
    StopPlaying,
    StopRecording,
    StopTimer,
)
from devserver.calls.events import (
    BeepHeard,
    CallbackAnswered,
    CallbackFailed,
    CalleeAnswered,
    CalleeFailed,
    Event,
    HungUp,
    KeyPressed,
    MachineDetected,
    PromptEnded,
    RecordingStored,
    Spoke,
    Started,
    TimerFired,
    TranscriptStored,
)
from devserver.calls.machine import Call
from devserver.calls.settings import Settings
from devserver.calls.setup import CallSetup, Leg
from devserver.calls.speech import words_of_prompt

_MOST_ROUNDS = 100  # of one menu; what needs more is left to time
_STORED = "sdrive://explored"


class Question(msgspec.Struct, frozen=True):
    """A callback that is to be answered.

    Attributes:
        first: it begins a call.
        wanted: the call waits for SVAML.
    """

    callid: str
    event: str
    payload: dict[str, Any]
    first: bool
    wanted: bool


class Reply(msgspec.Struct, frozen=True):
    """What the function answered.

    Attributes:
        status: 0: nothing; `error` says why.
        error: what went wrong, in one line.
        memory: what the function remembers of this call by now, for telling states apart; any text.
        refused: the function wanted to call somebody, and was not let; who.
    """

    status: int
    body: bytes = b""
    error: str = ""
    memory: str = ""
    refused: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether it is an answer at all (voice-v1.md 1.1)."""
        return self.status // 100 == 2


class Asked(msgspec.Struct, frozen=True):
    """A question with its reply; `illegal` says why the answer is no SVAML."""

    question: Question
    reply: Reply
    illegal: str = ""

    @property
    def usable(self) -> bool:
        """Whether the call can go on with it."""
        return self.reply.succeeded and not self.illegal


Steps = Generator[Question, Reply, None]


class Walk:
    """One call.

    Attributes:
        heard: since the latest answer, or the latest move if that came later.
        asked: since the latest move.
        replies: to all questions since the beginning.
        answer: the latest that the call waited for.
        memory: what the function remembers by now.
        dialled: who was dialled last.
        end: how it ended.
    """

    def __init__(self, setup: CallSetup, settings: Settings) -> None:
        self.call = Call(setup, settings)
        self.heard: list[str] = []
        self.asked: list[Asked] = []
        self.replies: list[Reply] = []
        self.answer: Asked | None = None
        self.memory = ""
        self.dialled: Dial | None = None
        self.end: End | None = None
        self._setup, self._settings = setup, settings
        self._at = 0.0
        self._timers: dict[str, float] = {}
        self._queue: deque[Event] = deque()
        self._transcribed: set[int] = set()
        self._questions = 0

    def begin(self) -> Steps:
        """The call comes in."""
        yield from self._settle(Started(self._at))

    def take(self, choice: Choice) -> Steps:
        """Do something, and wait until the call rests again or is over."""
        self.heard, self.asked = [], []
        at, leg = self._at, self.call.progress.menu_leg
        match choice.kind:
            case "key" | "digits":
                # All at once: in a conference time would end the input after the first one.
                yield from self._settle(*[KeyPressed(at, key, leg) for key in choice.keys])
            case "wrong key":
                yield from self._insist(choice.keys, leg)
            case "speech":
                yield from self._settle(Spoke(at, SPOKEN, leg))
            case "silence" | "no answer":
                yield from self._wait()
            case "hang up":
                yield from self._settle(HungUp(at))
            case "callee hangs up":
                yield from self._settle(HungUp(at, "callee"))
            case _:
                yield from self._settle(*self._of_callee(choice))

    @property
    def callid(self) -> str:
        """Id of the call."""
        return self._setup.callid

    @property
    def answer_key(self) -> str:
        """What tells answers apart: their content, whatever call they are about."""
        if self.answer is None:
            return ""
        reply = self.answer.reply
        if not reply.succeeded:
            return f"{reply.status} {reply.error}"
        return hashlib.sha256(self._plain(reply.body)).hexdigest()[:16]

    def _plain(self, body: bytes) -> bytes:
        return body.replace(self._setup.callid.encode(), b"CALLID")

    def _insist(self, key: str, leg: Leg) -> Steps:
        """Press it again in every round, until the menu gives up."""
        for _ in range(_MOST_ROUNDS):
            yield from self._settle(KeyPressed(self._at, key, leg))
            if self.asked or self.call.ended:
                return
        yield from self._wait()

    def _wait(self) -> Steps:
        """Let time pass until something has become of it."""
        state = self.call.state
        while self._timers and self.call.state is state and not self.asked:
            yield from self._settle(self._next_timer())

    def _of_callee(self, choice: Choice) -> list[Event]:
        at, leg = self._at, self.call.progress.dialling or "callee"
        match choice.kind:
            case "busy" | "no route":
                return [CalleeFailed(at, choice.kind, leg)]
            case "machine":
                found = MachineDetected(at, "machine", "longgreeting", 3)
                beep = [BeepHeard(at, 5)] if self.call.progress.amd == "async" else []
                return [CalleeAnswered(at, leg), found, *beep]
            case _:
                human = [MachineDetected(at, "human", "greeting", 1)] if self.call.progress.amd else []
                return [CalleeAnswered(at, leg), *human]

    def _settle(self, *events: Event) -> Steps:
        self._queue.extend(events)
        while True:
            while self._queue:
                for command in self.call.receive(self._queue.popleft()):
                    if isinstance(command, SendCallback):
                        yield from self._ask(command)
                    else:
                        self._obey(command)
            if self.call.state in RESTING or self.call.ended or not self._timers:
                return
            self._queue.append(self._next_timer())

    def _next_timer(self) -> TimerFired:
        name = min(self._timers, key=lambda each: self._timers[each])
        self._at = max(self._at, self._timers.pop(name))
        return TimerFired(self._at, name)

    def _ask(self, command: SendCallback) -> Steps:
        wanted = command.wants == "svaml"
        question = Question(self._setup.callid, command.event, command.payload, self._questions == 0, wanted)
        self._questions += 1
        reply = yield question
        self.memory = reply.memory
        self.replies.append(reply)
        illegal = ""
        if wanted and reply.succeeded:
            illegal = self._illegal(command, reply.body)
        asked = Asked(question, reply, illegal)
        self.asked.append(asked)
        if wanted:
            self.answer = asked
            self.heard.clear()
        if reply.status:
            self._queue.append(CallbackAnswered(self._at, command.callback, reply.status, reply.body))
        else:
            self._queue.append(CallbackFailed(self._at, command.callback, reply.error or "There was no answer."))

    def _illegal(self, command: SendCallback, body: bytes) -> str:
        reading = reading_of(self._setup, self._settings, command.event, body)
        if reading.program is None and not reading.illegal and command.event != "ace":
            return "The answer is empty."
        return reading.illegal

    def _obey(self, command: Command) -> None:
        """What takes time takes none."""
        at, queue = self._at, self._queue
        match command:
            case Play():
                self.heard += [self._said(words_of_prompt(prompt)) for prompt in command.prompts]
                if not command.loop:
                    queue.append(PromptEnded(at, command.play))
            case SendKeys(play=play) | StopPlaying(play=play, now=False):
                queue.append(PromptEnded(at, play))
            case StartTimer(name=name, seconds=seconds):
                self._timers[name] = at + seconds
            case StopTimer(name=name):
                self._timers.pop(name, None)
            case _:
                self._note(command)

    def _note(self, command: Command) -> None:
        match command:
            case Dial():
                self.dialled = command
            case StartRecording(recording=recording, transcribe=True):
                self._transcribed.add(recording)
            case StopRecording(recording=recording):
                self._queue.append(RecordingStored(self._at, recording, _STORED))
                if recording in self._transcribed:
                    self._queue.append(TranscriptStored(self._at, recording, _STORED))
            case End():
                self.end = command
            case _:
                pass

    def _said(self, text: str) -> str:
        return text.replace(self._setup.callid, "CALLID")
