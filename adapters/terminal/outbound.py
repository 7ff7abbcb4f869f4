"""Showing answers.

At a prompt the screen has two parts. Above is the scrollback: text that is printed once and never touched again. Below
is what prompt_toolkit draws and may redraw: the block that still grows, a status line, and the prompt. A block moves up
when the next one begins, so an answer of any length streams without flicker, and is in the scrollback once.

Answers that come at the same time take turns: one has the floor until it is finished, the others show themselves then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping

from prompt_toolkit import PromptSession
from prompt_toolkit.formatted_text import ANSI, StyleAndTextTuples, to_formatted_text
from prompt_toolkit.output import Output

from adapters.rendering.characters import printable
from adapters.rendering.streaming import complete, last_block
from adapters.terminal.inbound import described, message_ref
from adapters.terminal.layout import MARK, Layout, question
from adapters.terminal.lines import say
from bot.domain.generation import EngineHealth, EngineState
from bot.domain.messages import Answer, Control
from bot.ports import Clock, ReplyTarget

# Lines that stay free below the growing block: its status, the prompt, and the menu of completions.
_BELOW = 3
_MENU = 9


class Screen:
    """The terminal, its scrollback above and its live part below."""

    def __init__(self, output: Output, environ: Mapping[str, str], locale: str, clock: Clock) -> None:
        self.session: PromptSession[str] | None = None
        self.layout = Layout(environ)
        self.locale = locale
        self.hint = ""
        self.writer: Callable[[], EngineHealth] | None = None
        self.painter: Callable[[], EngineHealth | None] | None = None
        self._output = output
        self._clock = clock
        self._open: dict[str, ScreenReply] = {}
        self._floor: str | None = None
        self._floor_free = asyncio.Event()
        self._drawn: tuple[str, int, str] = ("", 0, "")
        self._told_replacements: set[str] = set()

    @property
    def columns(self) -> int:
        return self._output.get_size().columns

    @property
    def answering(self) -> str | None:
        """The turn of the answer that is under way or waited for, of several the first."""
        reply = self._current()
        return reply.turn_id if reply is not None else None

    def print(self, text: str) -> None:
        """Put lines into the scrollback, above whatever is live."""
        app = self.session.app if self.session is not None else None
        live = app is not None and app.is_running
        if app is not None and live:
            app.renderer.erase()
        self._output.write_raw(text + "\n")
        self._output.flush()
        if app is not None and live:
            app.renderer.request_absolute_cursor_position()
            app.invalidate()

    def print_small(self, text: str) -> None:
        """Put a line of ours into the scrollback."""
        self.print(self.layout.small(printable(text), self.columns))

    def print_question(self, line: str) -> None:
        """Put what the person wrote into the scrollback."""
        self.print(question(printable(line)))

    def refresh(self) -> None:
        """Draw the live part anew."""
        if self.session is not None and self.session.app.is_running:
            self.session.app.invalidate()

    def prompt(self) -> StyleAndTextTuples:
        """What stands before the cursor: the growing block, the status, the prompt's own mark."""
        lines = [] if self.session is None or self.session.app.is_done else self._live()
        above = to_formatted_text(ANSI("".join(line + "\n" for line in lines)))
        return [*above, ("bold", MARK)]

    def opened(self, reply: ScreenReply) -> None:
        """An answer begins to be waited for."""
        self._open[reply.turn_id] = reply
        self._tell_replacement()
        self.refresh()

    def _tell_replacement(self) -> None:
        """Say once of each model that the bundled one works in its place."""
        for line, ask in (("replaced", self.writer), ("replaced.painter", self.painter)):
            health = ask() if ask is not None else None
            if health is not None and health.replaced and line not in self._told_replacements:
                self._told_replacements.add(line)
                self.print(say(line, self.locale, model=health.replaced))

    def closed(self, reply: ScreenReply) -> None:
        """An answer is shown to its end."""
        self._open.pop(reply.turn_id, None)
        self._tell_replacement()
        if self._floor == reply.turn_id:
            self._floor = None
            self._floor_free.set()
        self.refresh()

    def settle(self) -> None:
        """Print what is live of answers that nobody finishes any more."""
        for reply in self._open.values():
            reply.print_growing()

    def has_floor(self, reply: ScreenReply) -> bool:
        """Whether this answer may write now; a free floor is taken."""
        if self._floor is None:
            self._floor = reply.turn_id
        return self._floor == reply.turn_id

    async def take_floor(self, reply: ScreenReply) -> None:
        """Wait until this answer may write."""
        while not self.has_floor(reply):
            self._floor_free.clear()
            await self._floor_free.wait()

    def _live(self) -> list[str]:
        reply = self._current()
        lines = self._growing(reply.growing) if reply is not None else []
        status = self.hint or (self._status(reply) if reply is not None else "")
        return [*lines, self.layout.small(printable(status), self.columns - 1)] if status else lines

    def _current(self) -> ScreenReply | None:
        return self._open.get(self._floor or "") or next(iter(self._open.values()), None)

    def _growing(self, markdown: str) -> list[str]:
        """The growing block, its end when it is higher than the screen."""
        if not markdown.strip():
            return []
        columns = self.columns
        if self._drawn[:2] != (markdown, columns):
            self._drawn = (markdown, columns, self.layout.markdown(complete(markdown), columns))
        lines = self._drawn[2].split("\n")
        typing = self.session is not None and self.session.default_buffer.text.startswith(("/", ":", "!"))
        room = max(1, self._output.get_size().rows - _BELOW - (_MENU if typing else 0))
        return lines[-room:]

    def _status(self, reply: ScreenReply) -> str:
        if reply.growing:
            return reply.note
        seconds = int(self._clock.monotonic() - reply.opened_at)
        ask = self.painter if reply.draws else self.writer
        health = ask() if ask is not None else None
        if health is not None and health.download is not None:
            return say("downloading", self.locale, model=health.model, **health.download.in_megabytes)
        if health is not None and health.state is EngineState.LOADING:
            return say("loading", self.locale, seconds=seconds)
        if reply.position:
            return say("in_line", self.locale, position=reply.position)
        return reply.note or say("thinking", self.locale, seconds=seconds)


class ScreenReply:
    """One answer on the screen. `mark` stands above it when it does not follow its question."""

    def __init__(self, screen: Screen, target: ReplyTarget, mark: str, opened_at: float) -> None:
        self.turn_id = target.turn.id
        self.draws = target.turn.origin == "image"
        self.opened_at = opened_at
        self.position = 0
        self.growing = ""
        self.note = ""
        self._screen = screen
        self._target = target
        self._mark = mark
        self._printed = ""
        screen.opened(self)

    async def waiting(self, position: int) -> None:
        self.position = position
        self._screen.refresh()

    async def show(self, text: str, note: str = "", preview: bytes | None = None) -> None:
        self.note = note
        if text and self._screen.has_floor(self):
            if not self._target.log.parts:
                await self._target.log.sending(0)
            self._grow(printable(text).lstrip())
        self._screen.refresh()

    async def finish(self, answer: Answer) -> None:
        try:
            await self._screen.take_floor(self)
            if not self._target.log.parts:
                await self._target.log.sending(0)
            self._print(answer)
            await self._target.log.sent(0, message_ref(self.turn_id))
        finally:
            self._screen.closed(self)

    def print_growing(self) -> None:
        """Print the live block as far as it goes."""
        growing, self.growing = self.growing, ""
        self._print_blocks(growing)

    def _grow(self, text: str) -> None:
        """Move the blocks that are finished into the scrollback, and keep the last one live."""
        if not text.startswith(self._printed):
            self._start_anew()
        unprinted = text[len(self._printed) :]
        start = last_block(unprinted)
        if start:
            self._print_blocks(unprinted[:start])
            self._printed = (self._printed + unprinted[:start]).rstrip()
        self.growing = unprinted[start:]

    def _print(self, answer: Answer) -> None:
        text = printable(answer.text).strip()
        if not text.startswith(self._printed):
            self._start_anew()
        self.growing = ""
        self._print_blocks(text[len(self._printed) :])
        self._printed = text
        self._print_mark()
        if answer.pictures:
            self._screen.print(printable(described(answer.pictures)))
        note = "  ".join(filter(None, (answer.note, *self._offers(answer))))
        if note:
            self._screen.print_small(note)
        self._screen.print("")

    def _offers(self, answer: Answer) -> Iterator[str]:
        """What can be done with the answer, beside what can be done with every one."""
        locale = self._screen.locale
        if Control.CONTINUE in answer.controls:
            yield say("more", locale)
        if Control.PICK in answer.controls:
            yield say("pick", locale, count=len(answer.pictures))
        if answer.changes:
            yield say("change", locale, first=answer.changes[0])
        if Control.SHARE in answer.controls and not answer.private:
            yield say("share", locale)

    def _print_blocks(self, markdown: str) -> None:
        if not markdown.strip():
            return
        if self._printed:
            self._screen.print("")
        self._print_mark()
        self._screen.print(self._screen.layout.markdown(markdown, self._screen.columns))

    def _print_mark(self) -> None:
        if self._mark:
            self._screen.print_small(self._mark)
            self._mark = ""

    def _start_anew(self) -> None:
        """What was printed stays; the other text follows it whole."""
        self._printed, self._mark = "", ""
        self._screen.print_small(say("changed", self._screen.locale))
