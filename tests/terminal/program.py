"""The terminal over a real core and storage, answered by a script: run as a program by the tests of this folder.

    python -m tests.terminal.program DATA_FOLDER

What is asked decides what is said, so that a test reads as a conversation:

    ECHO text       the text itself (with \\n for line ends), a character at a time
    LONG number     so many paragraphs
    SLOW text       the same, and then no end until it is stopped
    FAIL            the engine cannot
    HANG            no word at all until it is stopped
    WAIT path text  the text, once the file exists
    anything else   "You said: …"
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from adapters.terminal import TerminalPlatform
from bot.app import SystemClock, new_id
from bot.chat.admission import Admission
from bot.chat.dispatch import Core
from bot.chat.jobs import Services
from bot.domain.generation import GenerationRequest
from bot.engine.scripted import ScriptedGenerator, Step
from bot.errors import EngineDown
from bot.logs import set_up
from bot.settings import Settings
from storage.database import Database, sqlite_url
from storage.files import DataFiles
from storage.unit_of_work import SqlUnitOfWorkFactory


def reply(request: GenerationRequest) -> str | Sequence[Step]:
    """The script for a request; see the module."""
    # Questions without an answer come together in one message; the last line is what was asked now.
    asked = request.messages[-1].content.splitlines()[-1]
    word, _, text = asked.partition(" ")
    text = text.replace("\\n", "\n")
    match word:
        case "ECHO":
            return list(_flowing(text))
        case "LONG":
            words = (f"Paragraph {count} has **bold** and 中文字符 in it.\n\n" for count in range(int(text)))
            return list(_flowing("".join(words)))
        case "SLOW":
            return [*text, asyncio.Event()]
        case "FAIL":
            return [EngineDown()]
        case "HANG":
            return [asyncio.Event()]
        case "WAIT":
            path, _, text = text.partition(" ")
            return [_once_there(Path(path)), text]
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


async def main(folder: Path) -> int:
    """The composition of `python -m bot chat`, with a scripted generator in the engine's place."""
    clock = SystemClock()
    terminal = TerminalPlatform(data_folder=folder, clock=clock, new_id=new_id, bot_name="Inkling", environ=os.environ)
    loaded = Settings.load({"PERSON_BUDGET": "1000/minute", "PLACE_BUDGET": "1000/minute"})
    set_up(loaded.log, folder / "inkling.log")
    settings = loaded.chat
    database = Database(sqlite_url(folder))
    await database.open()
    generator = ScriptedGenerator(reply)
    services = Services(
        settings=settings,
        units=SqlUnitOfWorkFactory(database),
        files=DataFiles(folder),
        generator=generator,
        painter=None,
        platforms={terminal.name: terminal},
        admission=Admission(
            person_budget=settings.person_budget,
            place_budget=settings.place_budget,
            queue_limit=settings.queue_limit,
            capacity=lambda: 4,
        ),
        clock=clock,
        new_id=new_id,
    )
    core = Core(services, owner="tests")
    try:
        await core.start()
        await terminal.start(core)
        return await terminal.wait_closed()
    finally:
        await terminal.stop_listening()
        await core.close(grace_s=0)
        await terminal.close()
        await database.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Path(sys.argv[1]))))
