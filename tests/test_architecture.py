"""The directions of imports, read from the source: which room may know which."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# For each room, what it may import of ours. A room may always import itself.
ALLOWED: dict[str, tuple[str, ...]] = {
    "bot/errors.py": (),
    "bot/domain": ("bot.errors",),
    "bot/ports": ("bot.domain", "bot.errors", "bot.chat"),
    "bot/settings.py": ("bot.errors",),
    "bot/metrics.py": (),
    "bot/logs.py": ("bot.settings",),
    "bot/chat": ("bot.domain", "bot.ports", "bot.errors", "bot.settings", "bot.metrics", "bot"),
    "bot/engine": ("bot.domain.generation", "bot.errors"),
    "bot/training": (
        "bot.domain",
        "bot.ports",
        "bot.errors",
        "bot.settings",
        "bot.engine.weights",
        "bot.engine.lora",
        "bot.engine.hardware",
        "bot",
    ),
    "storage": ("bot.domain", "bot.ports", "bot.errors"),
    "adapters": ("bot.domain", "bot.ports", "bot.errors", "bot.chat", "bot.settings", "bot"),
    "recipes": (),
}

HEAVY = ("torch", "transformers", "diffusers", "peft", "trl")
HEAVY_ROOMS = ("bot/engine", "bot/training", "recipes")


def _files(room: str) -> list[Path]:
    path = ROOT / room
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


@cache
def _imports(file: Path) -> tuple[str, ...]:
    found: list[str] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append(node.module)
    return tuple(found)


def _is_in(module: str, rooms: tuple[str, ...]) -> bool:
    return any(module == room or (room != "bot" and module.startswith(room + ".")) for room in rooms)


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_imports_only_the_rooms_it_may_know(room: str) -> None:
    own = room.removesuffix(".py").replace("/", ".")
    allowed = (*ALLOWED[room], own)

    wrong = {
        f"{file.relative_to(ROOT)} imports {module}"
        for file in _files(room)
        for module in _imports(file)
        if module.split(".")[0] in ("bot", "adapters", "storage", "recipes", "tests") and not _is_in(module, allowed)
    }

    assert not wrong


def test_the_domain_needs_only_the_standard_library() -> None:
    wrong = {
        f"{file.name} imports {module}"
        for file in _files("bot/domain")
        for module in _imports(file)
        if module.split(".")[0] not in sys.stdlib_module_names and not module.startswith("bot.")
    }

    assert not wrong


def test_models_are_imported_only_where_they_live() -> None:
    """That they are imported only when used there is what the two tests below see for themselves."""
    wrong = {
        f"{file.relative_to(ROOT)} imports {module}"
        for room in ("bot", "adapters", "storage")
        for file in _files(room)
        for module in _imports(file)
        if module.split(".")[0] in HEAVY and not str(file.relative_to(ROOT)).startswith(HEAVY_ROOMS)
    }

    assert not wrong


def test_the_command_line_starts_without_anything_heavy() -> None:
    code = "import sys, bot.__main__; print([m for m in sys.modules if m.split('.')[0] in sys.argv[1:]])"
    light = [*HEAVY, "sqlalchemy", "aiohttp", "pydantic", "discord", "slack_bolt"]

    shown = subprocess.run([sys.executable, "-c", code, *light], capture_output=True, text=True, check=True, cwd=ROOT)

    assert shown.stdout.strip() == "[]"


def test_the_whole_house_is_composed_without_torch() -> None:
    composed = "import sys, bot.app, adapters.terminal, adapters.web"
    code = f"{composed}; print([m for m in sys.modules if m.split('.')[0] in sys.argv[1:]])"

    shown = subprocess.run([sys.executable, "-c", code, *HEAVY], capture_output=True, text=True, check=True, cwd=ROOT)

    assert shown.stdout.strip() == "[]"
