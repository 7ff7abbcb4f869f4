"""The terminal's platform: one person, one place, for as long as they stay."""

from __future__ import annotations

import asyncio
import getpass
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from prompt_toolkit.output import create_output
from tzlocal import get_localzone_name

from adapters.rendering import plain
from adapters.rendering.characters import preview
from adapters.terminal.inbound import Talk, message_ref
from adapters.terminal.lines import say
from adapters.terminal.outbound import Screen, ScreenReply
from adapters.terminal.piping import Pipe, PipeLoop, PipeReply
from adapters.terminal.prompting import PromptLoop
from bot.chat.dispatch import Core
from bot.domain.conversation import DeliveryState, TurnStatus
from bot.domain.messages import Answer, Attachment, HistoryMessage
from bot.domain.places import Person, Place, Platform
from bot.errors import DeliveryError
from bot.ports import Clock, FoundPlace, NewId, Reply, ReplyTarget

_HISTORY = "terminal-history"
# Characters of a question that are quoted above an answer that does not follow it.
_QUOTED = 40


class TerminalPlatform:
    """A chat platform in this process's own terminal, or in its pipes when it has no terminal to draw on."""

    name = Platform.TERMINAL
    pace = 0.05

    def __init__(
        self,
        *,
        data_folder: Path,
        clock: Clock,
        new_id: NewId,
        bot_name: str,
        environ: Mapping[str, str],
        pipe: Pipe | None = None,
    ) -> None:
        """Without a `pipe` of its own it takes the standard streams, and a prompt where they are a terminal."""
        self.finished = asyncio.Event()
        self._data_folder = data_folder
        self._clock = clock
        self._new_id = new_id
        self._bot_name = bot_name
        self._environ = environ
        self._person = _person(environ)
        self._listening = asyncio.Event()
        self._started_at: datetime | None = None
        self._core: Core | None = None
        self._task: asyncio.Task[int] | None = None
        self._loop: PromptLoop | None = None
        self._output = create_output() if pipe is None and _has_screen(environ) else None
        self._screen = Screen(self._output, environ, self._person.locale, clock) if self._output else None
        self._pipe = pipe or Pipe()

    # --- lifecycle --------------------------------------------------------------------------------------------------

    async def start(self, core: Core) -> None:
        """Begin to read lines, in a task of its own."""
        self._core = core
        self._started_at = self._clock.now()
        talk = Talk(core, self._person, self._clock, self._new_id, self._bot_name)
        loop: PromptLoop | PipeLoop
        if self._screen is not None and self._output is not None:
            self._screen.writer, self._screen.painter = core.reading.health, core.reading.painter
            history = self._data_folder / _HISTORY
            loop = self._loop = PromptLoop(
                self._screen, talk, self._output, history, self._person.locale, self._bot_name
            )
        else:
            loop = PipeLoop(self._pipe, talk, self._person.locale)
        self._task = asyncio.create_task(loop.run(), name="terminal")
        self._task.add_done_callback(lambda _: self.finished.set())
        self._listening.set()

    async def wait_closed(self) -> int:
        """Wait until the person leaves or the lines end; the process's exit code. What broke the loop is raised."""
        assert self._task is not None
        return await asyncio.shield(self._task)

    async def stop_listening(self) -> None:
        """Read no more lines; answers in flight are still printed."""
        if self._task is None or self._task.done():
            return
        if self._loop is not None:
            self._loop.leave()
        else:
            self._task.cancel()
        await asyncio.wait([self._task])

    async def close(self) -> None:
        """Leave nothing half shown: what was live of an answer that is broken off goes into the scrollback."""
        await self.stop_listening()
        if self._screen is not None:
            self._screen.settle()

    # --- answers ----------------------------------------------------------------------------------------------------

    async def open_reply(self, target: ReplyTarget) -> Reply:
        """Begin to show an answer. One that an earlier process printed to its end is not printed again."""
        await self._listening.wait()
        if any(part.state is DeliveryState.SENT for part in target.log.parts):
            return _Shown()
        mark = await self._mark(target)
        if self._screen is None:
            return PipeReply(self._pipe, target, mark, self._status)
        return ScreenReply(self._screen, target, mark, self._clock.monotonic())

    async def _mark(self, target: ReplyTarget) -> str:
        """What stands above an answer that people would not know the question of."""
        assert self._core is not None
        assert self._started_at is not None
        is_late = target.turn.created_at < self._started_at
        waits_behind_another = self._screen is not None and self._screen.answering is not None
        if not is_late and not waits_behind_another:
            return ""
        question = await self._core.reading.view(target.turn.parent_id or "", self._person)
        words = preview(plain.render(question.turn.text), _QUOTED) if question else ""
        return say("answer_to_earlier" if is_late else "answer_to", self._person.locale, words=words)

    async def _status(self, turn_id: str) -> TurnStatus:
        assert self._core is not None
        view = await self._core.reading.view(turn_id, self._person)
        return view.turn.status if view is not None else TurnStatus.FORGOTTEN

    # --- what the core asks -----------------------------------------------------------------------------------------

    async def fetch(self, attachment: Attachment) -> bytes:
        """The bytes of a file that the person named."""
        try:
            return await asyncio.to_thread(Path(attachment.locator).read_bytes)
        except OSError as error:
            raise DeliveryError(f"the file cannot be read: {error.strerror}", retryable=False) from error

    async def discard(self, attachments: Sequence[Attachment]) -> None:
        """The files are the person's own; no copies are kept."""

    async def history(self, place: Place, *, limit: int) -> AsyncGenerator[HistoryMessage, None]:
        """What was said here, newest first; asides are left out."""
        assert self._core is not None
        before = None
        while limit > 0 and (views := await self._core.reading.turns(place, self._person, before=before, limit=limit)):
            before = views[0].turn.id
            for turn in (view.turn for view in reversed(views)):
                if turn.text and not turn.aside and not turn.status.is_open:
                    limit -= 1
                    ref, author = message_ref(turn.id), turn.author_name or self._bot_name
                    yield HistoryMessage(
                        ref, author, turn.text, turn.created_at, by_bot=turn.is_by_bot, person=turn.author
                    )

    async def find_place(self, name: str, near: Place, reader: Person) -> FoundPlace | None:
        """The terminal is one place, and knows no other."""
        return None

    async def direct_place(self, person: Person, near: Place) -> Place | None:
        """The terminal is a direct conversation itself, and has nowhere else to send to."""
        return None

    async def is_admin(self, person: Person, place: Place) -> bool:
        """Whoever can start the program is its host."""
        return True


class _Shown:
    """An answer that is on the screen already."""

    async def waiting(self, position: int) -> None:
        """It waits no more."""

    async def show(self, text: str, note: str = "", preview: bytes | None = None) -> None:
        """It is shown."""

    async def finish(self, answer: Answer) -> None:
        """It is finished."""


def _has_screen(environ: Mapping[str, str]) -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and environ.get("TERM", "dumb") != "dumb"


def _person(environ: Mapping[str, str]) -> Person:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        # A user id without a name, as in many containers.
        name = "user"
    return Person(Platform.TERMINAL, name, name, _locale(environ), timezone=_timezone())


def _timezone() -> str:
    """The system's time zone by its IANA name; empty where it tells none."""
    try:
        return ZoneInfo(get_localzone_name() or "").key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ""


def _locale(environ: Mapping[str, str]) -> str:
    """The language as POSIX finds it, in BCP 47: `zh_CN.UTF-8` is zh-CN; C and nothing at all are English."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = environ.get(variable, "").partition(".")[0].partition("@")[0]
        if value:
            return "en" if value in ("C", "POSIX") else value.replace("_", "-")
    return "en"
