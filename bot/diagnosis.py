"""`doctor`: tells what is missing before a user notices, each finding with its remedy."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
from rich.console import Console

from bot.chat.form_files import read_forms
from bot.chat.persona_library import PersonaLibrary
from bot.chat.picture_policy import PicturePolicy
from bot.connecting import check_platforms, show
from bot.domain.findings import Finding
from bot.engine.hub import Kept, kept
from bot.engine.painter import check_pipeline, kept_pipeline
from bot.engine.weights import HUB_FILES, check_folder, fingerprint, is_local, release_name
from bot.errors import OperatorError
from bot.settings import Settings
from storage.database import Database, sqlite_url
from storage.folder import prepare

# Less free space than this is worth a word: a database, its backup and a set of LoRA weights.
LOW_SPACE = 1 << 30
SOURCE = Path(__file__).parent.parent


async def report(settings: Settings, channel: str = "") -> int:
    """Print every finding; 0 when all is well, else 1."""
    console = Console(highlight=False)
    code = await show(findings(settings), console)
    code = max(code, await show(check_platforms(settings, channel), console))
    console.print("Some things need you; each line above says what to do." if code else "All is well.")
    return code


async def findings(settings: Settings) -> AsyncIterator[Finding]:
    """Everything that can be looked at without starting the bot."""
    yield _folder(settings)
    yield await _database(settings)
    yield await _hardware(settings.engine.threads, settings.engine.dtype)
    if settings.engine.engine_url:
        for address in settings.engine.engine_url:
            yield await _server(address)
    else:
        yield await asyncio.to_thread(_text_model, settings.engine.text_model)
    yield await asyncio.to_thread(_painter, settings.engine.image_model)
    yield _rules(settings)
    yield await asyncio.to_thread(_personas, settings.chat.data_folder)
    for finding in await asyncio.to_thread(_forms, settings.chat.data_folder):
        yield finding
    yield await _page(settings.web.host, settings.web.port)
    if settings.chat.admins:
        yield Finding("admins", True, ", ".join(settings.chat.admins))


def _folder(settings: Settings) -> Finding:
    folder = settings.storage.data_folder
    try:
        prepare(folder)
    except OperatorError as error:
        return Finding("data folder", False, str(error))
    free = shutil.disk_usage(folder).free
    if free < LOW_SPACE:
        return Finding("data folder", False, f"{folder} has only {free >> 20} MiB left. Free some space.")
    return Finding("data folder", True, f"{folder}, {free >> 30} GiB free")


async def _hardware(threads: int, dtype: str) -> Finding:
    """What the model's process chooses, asked of one like it, because this one never loads torch."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.engine.hardware", str(threads), dtype),
        cwd=SOURCE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    chosen, complaint = await process.communicate()
    if process.returncode:
        why = complaint.decode(errors="replace").strip().splitlines()[-1:]
        return Finding("hardware", False, f"PyTorch does not start ({' '.join(why)}). Install Inkling again.")
    return Finding("hardware", True, f"the model runs in {chosen.decode().strip()}")


async def _database(settings: Settings) -> Finding:
    try:
        database = Database(settings.storage.database_url or sqlite_url(settings.storage.data_folder))
    except OperatorError as error:
        return Finding("database", False, str(error))
    try:
        await database.open()
    except OperatorError as error:
        return Finding("database", False, str(error))
    finally:
        await database.close()
    return Finding("database", True, f"{database.name} opens and is up to date")


async def _server(address: str) -> Finding:
    """Any answer shows that a server is there; which models it serves is its own affair."""
    name = f"engine {address}"
    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
            session.get(address) as response,
        ):
            return Finding(name, True, f"answers (status {response.status})")
    return Finding(name, False, "does not answer. Start it, or correct ENGINE_URL.")


def _text_model(model: str) -> Finding:
    folder = Path(model).expanduser()
    if not folder.exists() and "/" in model and not model.startswith((".", "/", "~")):
        return Finding("text model", True, _hub_model(model, kept(model, HUB_FILES)))
    try:
        check_folder(folder)
        release = release_name(model, fingerprint(folder))
    except OperatorError as error:
        return Finding("text model", False, str(error))
    return Finding("text model", True, f"{folder}, {release}")


def _hub_model(model: str, here: Kept) -> str:
    """A Hub model, and how much of it is here."""
    if here.folder is not None:
        return f"{model} from the Hub, fetched"
    if here.part_bytes:
        return f"{model} from the Hub, {here.part_bytes / 1e6:.1f} MB are here; the next start goes on"
    return f"{model} from the Hub (fetched at the first start)"


def _painter(model: str) -> Finding:
    if not model:
        return Finding("painter", True, "none set; /image says how (IMAGE_MODEL)")
    try:
        if not is_local(model):
            return Finding("painter", True, _hub_model(model, kept_pipeline(model)))
        check_pipeline(Path(model).expanduser())
    except OperatorError as error:
        return Finding("painter", False, str(error))
    return Finding("painter", True, model)


def _rules(settings: Settings) -> Finding:
    """The rules for pictures, and what looks at them."""
    try:
        policy = PicturePolicy.load(settings.pictures)
    except OperatorError as error:
        return Finding("picture rules", False, str(error))
    if not policy.rules:
        return Finding("picture rules", True, "off (IMAGE_POLICY)")
    return Finding("picture rules", True, f"on, {settings.pictures.checker or 'no checker'} (IMAGE_CHECKER)")


def _forms(folder: Path) -> list[Finding]:
    library = read_forms(folder)
    broken = [
        Finding("forms", False, f"{folder / 'forms'}/{problem}. Mend the file, or remove it.")
        for problem in library.problems
    ]
    return broken or [Finding("forms", True, f"{len(library.for_writing)} for /write")]


def _personas(data_folder: Path) -> Finding:
    library = PersonaLibrary(data_folder)
    if library.broken:
        wrong = "; ".join(f"{each.path}: {each.reason}" for each in library.broken)
        return Finding("personas", False, f"{wrong}. Correct the file, or take it away.")
    return Finding("personas", True, f"{len(library.all())} can be chosen")


async def _page(host: str, port: int) -> Finding:
    """Our own bot at the address is as well as nobody."""
    with contextlib.suppress(aiohttp.ClientError, TimeoutError, ValueError):
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as session,
            session.get(f"http://{host}:{port}/healthz") as response,
        ):
            health = await response.json()
            if isinstance(health, dict) and {"engine", "release"} <= health.keys():
                return Finding("page", True, f"the bot is running at http://{host}:{port} (engine {health['engine']})")
    return _port(host, port)


def _port(host: str, port: int) -> Finding:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            return Finding("page", False, f"{host}:{port}: {reason}. Stop what uses it, or set WEB_HOST and WEB_PORT.")
    return Finding("page", True, f"http://{host}:{port} is free")
