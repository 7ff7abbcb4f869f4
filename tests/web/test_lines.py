"""The page's lines: every key that is used exists, every line is used, and both languages say the same."""

from __future__ import annotations

import re
from functools import cache

from adapters.web.dashboard import PERIODS
from adapters.web.lines import LINES
from adapters.web.pages import STATIC
from bot.chat.intake import PICKED, SHARED
from bot.domain.generation import EngineState
from bot.domain.messages import Change
from bot.domain.releases import RunState
from bot.domain.training import Stage

SOURCES = {path.name: path.read_text("utf-8") for path in [*STATIC.glob("*.js"), *STATIC.glob("*.html")]}
PYTHON = "".join(path.read_text("utf-8") for path in STATIC.parent.glob("*.py") if path.name != "lines.py")

# Keys that the page puts together from values.
MADE = {f"act.{verdict}" for verdict in ("good", "bad")}
MADE |= {f"dash.{verdict}" for verdict in ("good", "bad")}
MADE |= {f"dash.engine.{state}" for state in EngineState}
MADE |= {f"dash.hours.{hours}" for hours in PERIODS}
MADE |= {f"dash.run.{state.value}" for state in RunState}
MADE |= {f"dash.stage.{stage.value}" for stage in Stage}
MADE |= {f"change.{change}" for change in (*Change, PICKED, SHARED)}
MADE |= {f"dash.curve.{method}_loss" for method in ("sft", "kto", "dpo")}


@cache
def used_in_page() -> set[str]:
    literal = re.compile(r'"([a-z]+(?:\.[a-z0-9]+)+)"|data-(?:t|label)="([^"]+)"')
    found = {first or second for text in SOURCES.values() for first, second in literal.findall(text)}
    return {key for key in found if key.split(".")[0] in {line.split(".")[0] for line in LINES}}


def test_every_key_of_the_page_is_a_line() -> None:
    assert used_in_page() - {"person.js", "app.js"} - set(LINES) == set()
    assert set(LINES) >= MADE


def test_every_line_is_used() -> None:
    assert {key for key in LINES if key not in used_in_page() | MADE and f'"{key}"' not in PYTHON} == set()


def test_both_languages_have_the_same_gaps() -> None:
    gaps = re.compile(r"\{\w+\}")
    for key, text in LINES.items():
        assert text.en
        assert text.zh
        assert sorted(gaps.findall(text.en)) == sorted(gaps.findall(text.zh)), key


def test_the_page_runs_no_inline_script_or_style_and_loads_nothing_from_elsewhere() -> None:
    for name, text in SOURCES.items():
        assert not re.search(r"<script>|\son[a-z]+=\"|style=\"|<style", text), name
        assert not re.search(r"(?:src|href|from|import)[=( ]*[\"']https?://", text), name
