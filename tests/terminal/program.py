"""The terminal over a real core and storage, answered by a script: run as a program by the tests of this folder.

    python -m tests.terminal.program DATA_FOLDER

What is asked decides what is said, so that a test reads as a conversation:

    ECHO text       the text itself (with \\n for line ends), a character at a time
    LONG number file  so many paragraphs, the second half once the data folder has the file
    CODE number     a fence of so many lines, and a word after it
    SLOW text       the same, and then no end until it is stopped
    FAIL            the engine cannot
    EVIL            words with a terminal's control sequences in them
    HANG            no word at all until it is stopped
    WAIT file text  the text, once the data folder has the file
    /image          the painter's model is on its way, until the data folder has the file "unreachable"
    anything else   "You said: …"
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from adapters.terminal import TerminalPlatform
from bot.domain.generation import GenerationRequest
from bot.engine.scripted import ScriptedGenerator, Step
from bot.errors import EngineDown
from bot.logs import set_up
from bot.settings import Settings
from bot.system import SystemClock, new_id
from tests.fetching import FetchedPainter
from tests.houses import open_house


def reply(request: GenerationRequest, folder: Path) -> str | Sequence[Step]:
    """The script for a request; see the module."""
    # Questions without an answer come together in one message; the last line is what was asked now.
    asked = request.messages[-1].content.splitlines()[-1]
    word, _, text = asked.partition(" ")
    text = text.replace("\\n", "\n")
    match word:
        case "ECHO":
            return list(_flowing(text))
        case "LONG":
            number, _, name = text.partition(" ")
            words = [f"Paragraph {count} has **bold** and 中文字符 in it.\n\n" for count in range(int(number))]
            first, second = ("".join(half) for half in (words[: len(words) // 2], words[len(words) // 2 :]))
            return [*_flowing(first), _once_there(folder / name), *_flowing(second)]
        case "CODE":
            rows = "\n".join(f"row({count})" for count in range(int(text)))
            return list(_flowing(f"```py\n{rows}\n```\n\nbelow"))
        case "SLOW":
            return [*text, asyncio.Event()]
        case "FAIL":
            return [EngineDown()]
        case "EVIL":
            return "plain \x1b[31mred\x1b[2J \x1b]0;title\x07\x9b5A words"
        case "HANG":
            return [asyncio.Event()]
        case "WAIT":
            name, _, text = text.partition(" ")
            return [_once_there(folder / name), text]
    return f"You said: {asked}"


def _flowing(text: str) -> Iterator[Step]:
    """Pieces of a few characters with a breath between, as a model gives them."""
    for start in range(0, len(text), 7):
        yield text[start : start + 7]
        pause = asyncio.Event()
        asyncio.get_running_loop().call_later(0.004, pause.set)
        yield pause


def _once_there(path: Path) -> asyncio.Event:
    there = asyncio.Event()

    async def look() -> None:
        while not await asyncio.to_thread(path.exists):
            await asyncio.sleep(0.01)
        there.set()

    _looking.add(asyncio.ensure_future(look()))
    return there


_looking: set[asyncio.Future[None]] = set()


def script(folder: Path) -> ScriptedGenerator:
    """A generator that answers as the module says."""
    return ScriptedGenerator(partial(reply, folder=folder))


async def main(folder: Path) -> int:
    """What `python -m bot chat` composes, with the script in the engine's place."""
    set_up(Settings.load({}).log, folder / "inkling.log")
    clock = SystemClock()
    terminal = TerminalPlatform(data_folder=folder, clock=clock, new_id=new_id, bot_name="Inkling", environ=os.environ)
    painter = FetchedPainter(_once_there(folder / "unreachable"))
    opened = open_house(folder, generator=script(folder), painter=painter, platform=terminal, clock=clock)
    async with opened as house:
        await terminal.start(house.core)
        try:
            return await terminal.wait_closed()
        finally:
            await terminal.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Path(sys.argv[1]))))
