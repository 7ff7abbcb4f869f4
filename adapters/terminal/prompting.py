"""The loop of a person at a prompt."""

from __future__ import annotations

import asyncio
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import Output
from prompt_toolkit.patch_stdout import patch_stdout

from adapters.terminal.commands import LineCompleter
from adapters.terminal.inbound import Talk
from adapters.terminal.lines import say
from adapters.terminal.outbound import Screen
from bot.domain.commands import PRIVACY, read_call
from bot.errors import Refused


class PromptLoop:
    """Reads lines at a prompt while answers are shown above it."""

    def __init__(self, screen: Screen, talk: Talk, output: Output, history: Path, locale: str, bot_name: str) -> None:
        self._screen = screen
        self._talk = talk
        self._history = history
        self._locale = locale
        self._bot_name = bot_name
        self._stopping: asyncio.Task[bool] | None = None
        self._leaving = False
        # What people wrote is theirs alone.
        history.touch(mode=0o600)
        self._session: PromptSession[str] = PromptSession(
            message=screen.prompt,
            prompt_continuation="  ",
            history=FileHistory(str(history)),
            completer=LineCompleter(locale),
            complete_while_typing=Condition(lambda: self._session.default_buffer.text.startswith(("/", ":", "!"))),
            key_bindings=self._keys(),
            refresh_interval=1.0,
            # prompt_toolkit would leave no more of a long message than fits the screen.
            erase_when_done=True,
            output=output,
        )
        self._session.default_buffer.on_text_changed += self._typed
        screen.session = self._session

    async def run(self) -> int:
        """Talk until the person leaves; the process's exit code."""
        self._screen.print_small(say("banner", self._locale, name=self._bot_name))
        with patch_stdout(raw=True):
            while not self._leaving:
                try:
                    line = await self._session.prompt_async(set_exception_handler=False, handle_sigint=False)
                except EOFError:
                    break
                if line.strip():
                    self._screen.print_question(line)
                    await self._take(line)
        if self._screen.answering is not None:
            self._screen.print_small(say("finishing", self._locale))
        return 0

    def leave(self) -> None:
        """End the prompt as Ctrl-D does, so that the terminal is put in order."""
        self._leaving = True
        if self._session.app.is_running and not self._session.app.is_done:
            self._session.app.exit(exception=EOFError)

    async def _take(self, line: str) -> None:
        outcome = await self._talk.take(line)
        if outcome.said:
            self._screen.print_small(outcome.said + "\n")
        if outcome.accepted and _forgets(line):
            self._history.write_text("", encoding="utf-8")
        self._leaving = self._leaving or outcome.leaves

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add("c-c")
        def _(event: KeyPressEvent) -> None:
            self._interrupt(event.current_buffer)

        @keys.add("escape", "enter")
        def _(event: KeyPressEvent) -> None:
            event.current_buffer.insert_text("\n")

        return keys

    def _interrupt(self, buffer: Buffer) -> None:
        """Stop the answer, else clear the line, else (the second time) leave."""
        answering = self._screen.answering
        if answering is not None:
            self._stopping = asyncio.create_task(self._talk.stop(answering), name="stop answer")
        elif buffer.text:
            buffer.reset()
        elif self._screen.hint:
            self.leave()
        else:
            self._screen.hint = say("press_again", self._locale)
            self._screen.refresh()

    def _typed(self, _: Buffer) -> None:
        self._screen.hint = ""


def _forgets(line: str) -> bool:
    """Whether a line asks to forget the person; the lines kept for the arrow keys are theirs too."""
    if not line.startswith(("/", "!")):
        return False
    try:
        name, options = read_call(line)
    except Refused:
        return False
    return name == PRIVACY.name and options.get("action") == "forget-me"
