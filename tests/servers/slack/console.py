"""The keyboard of `python -m tests.servers.slack`: lines that Ana types, and what she then sees."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.servers.slack import CannotSubmit, Message, Modal, SlackServer

SETTLED_S = 0.5
HELP = """type to say something in #general; @bot mentions the bot, /write … is a command
:dm :general :thread change the place · :react 👍 · :press LABEL (menus too) · :submit TEXT (in the first field)
:menu NAME (a shortcut on the latest message here) · :file PATH [words] · :locale zh-CN · :stop · :quit"""


class Console:
    """Ana at the keyboard."""

    def __init__(self, server: SlackServer) -> None:
        self._server = server
        self._ana = server.add_user("Ana", admin=True)
        self._general = server.add_channel("general")
        self._place = self._general
        self._thread: Message | None = None
        self._last: Message | None = None
        self._modal: Modal | None = None
        self._shown: dict[Message, str] = {}

    async def listen(self) -> None:
        """Do what is typed, until the end of the input or :quit."""
        while line := await asyncio.to_thread(sys.stdin.readline):
            if line.strip() == ":quit":
                return
            try:
                await self.obey(line.strip())
            except (LookupError, OSError, ValueError, CannotSubmit) as error:
                print(f"  ({error})")
        await asyncio.Event().wait()

    async def show(self) -> None:
        """Print what the bot shows once it has stood still for a moment."""
        before: dict[Message, str] = {}
        while True:
            await asyncio.sleep(SETTLED_S)
            now = self.looks()
            for line in self.news({message: shown for message, shown in now.items() if before.get(message) == shown}):
                print(line, flush=True)
            before = now

    def looks(self) -> dict[Message, str]:
        """What the bot shows Ana now."""
        seen = [*self._ana.ephemerals, *(m for c in self._server.world.channels.values() for m in c.messages)]
        return {message: look(message) for message in seen if message.author is self._server.bot}

    def news(self, looks: dict[Message, str]) -> list[str]:
        """What of these was not told before."""
        fresh = {message: shown for message, shown in looks.items() if self._shown.get(message) != shown}
        self._shown |= fresh
        for message in fresh:
            self._last = message
        return list(fresh.values())

    async def obey(self, line: str) -> None:
        """One line of the keyboard."""
        word, _, rest = line.partition(" ")
        match word:
            case "":
                return
            case ":dm":
                self._place, self._thread = self._ana.dm, None
            case ":general":
                self._place, self._thread = self._general, None
            case ":thread":
                self._thread = self._latest()
            case ":react":
                await self._ana.reacts(self._latest(), rest)
            case ":press":
                act = await self._ana.presses(self._latest(), rest)
                self._modal = act.modal
                if act.modal is not None:
                    print(f"  [{act.modal.title}: {', '.join(field.label for field in act.modal.fields)}]")
            case ":menu":
                act = await self._ana.uses(self._here()[-1], rest)
                print(f"  ({act.failed or 'taken'})")
            case ":submit" if self._modal is not None:
                done = await self._ana.submits(self._modal, {self._modal.fields[0].action_id: rest})
                print(f"  ({done.failed or done.errors or 'sent'})")
            case ":file":
                path, _, words = rest.partition(" ")
                data = await asyncio.to_thread(Path(path).expanduser().read_bytes)
                await self._say(words, files=[(Path(path).name, data)])
            case ":locale":
                self._ana.locale = rest
            case ":stop":
                await self._ana.stops(self._latest())
            case _ if word.startswith("/"):
                call = await self._ana.calls(self._place, word[1:], rest, thread=self._thread)
                print(f"  ({call.failed or 'taken'})")
            case _:
                await self._say(line)

    async def _say(self, words: str, files: Sequence[tuple[str, bytes]] = ()) -> None:
        text = words.replace("@bot", self._server.bot.mention)
        await self._ana.says(self._place, text, thread=self._thread, files=files)

    def _here(self) -> list[Message]:
        return self._place.messages if self._thread is None else self._place.threads[self._thread.root_ts]

    def _latest(self) -> Message:
        if self._last is None:
            raise LookupError("the bot has said nothing yet")
        return self._last


def grows(message: Message) -> bool:
    """Whether an answer is still being made."""
    streams = message.stream is not None and message.stream.state == "in_progress"
    return streams or any(button.action_id == "stop" for button in message.buttons)


def look(message: Message) -> str:
    """A message of the bot's as Ana sees it: words, files, small print, [buttons], {menus}."""
    private = " (only you see this)" if message.ephemeral_for else ""
    lines = [f"{message.author.name}{private}: {message.text}"]
    lines += [f"  [file {file.name}, {len(file.data)} bytes: {file.alt_text}]" for file in message.files]
    lines += [f"  {note}" for note in message.notes.splitlines()]
    buttons = [f"[{button.label}]" for button in message.buttons if button.option is None]
    menu = " | ".join(button.label for button in message.buttons if button.option is not None)
    if buttons or menu:
        lines.append("  " + " ".join([*buttons, *([f"{{{menu}}}"] if menu else [])]))
    return "\n".join(lines)
