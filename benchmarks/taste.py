"""Does `/retrain` make the bot better at what a team likes? A scripted team finds out, on the bundled writer.

Everything is the product's own: core, database, engine and training process, composed as `bot.app` composes them. The
team (`benchmarks.team`) votes on answers to one part of its lines, an admin calls `/retrain`, and the share of liked
answers is counted on the other part, before and after. Nothing about the held-out lines is ever voted on.

`inverted` turns the votes that are learned from round, while the latest ones, by which the run tests its candidate, are
the team's true ones: the candidate learns the opposite of what the team likes, and must be refused.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.team import LINES, Said, Team
from bot.app import running_core
from bot.domain.proportions import Share, difference
from bot.domain.releases import Release, Run, RunState
from bot.settings import Settings
from storage.database import Database, sqlite_url
from storage.unit_of_work import SqlUnitOfWorkFactory

MEANING = {
    "liked_before": "share of the base model's answers that the team likes, on lines it never voted on",
    "liked_after": "the same of the release in service after /retrain",
    "gain": "how much the share rose",
    "perplexity_ratio": "the candidate's perplexity on general texts, of the base model's (1.02 may pass)",
    "ranking": "how often the candidate finds a liked answer likelier than a disliked one (guessing: 0.5)",
    "votes": "votes that the team gave before /retrain",
    "training_s": "seconds from /retrain to its report",
    "seconds": "seconds for everything",
}
_VERDICTS = {RunState.PROMOTED: "promoted", RunState.REJECTED: "refused"}
# The run tests with the latest fifth of the votes, and with some more where one verdict is rare.
_TRUE_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Plan:
    """How many lines are voted on, how many are only looked at, and the recipe."""

    voted: int = 220
    held_out: int = 160
    recipe: str = "standard"
    inverted: bool = False

    @classmethod
    def of(cls, *, quick: bool, inverted: bool) -> Plan:
        """The whole demonstration, or the smallest that still tells something."""
        return cls(voted=100, held_out=100, recipe="quick", inverted=inverted) if quick else cls(inverted=inverted)


@dataclass(frozen=True, slots=True)
class Tasted:
    """What came of it."""

    before: tuple[Said, ...]
    after: tuple[Said, ...]
    votes: int
    report: str
    run: Run
    candidate: Release | None
    training_s: float
    seconds: float

    @property
    def verdict(self) -> str:
        """promoted or refused; failed or stopped where the run did not end."""
        return _VERDICTS.get(self.run.state, self.run.state.value)


async def measure(plan: Plan, tell: Callable[[str], None]) -> Tasted:
    """Play the demonstration in a temporary folder; `tell` is given a line for each part of it."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        settings = _settings(Path(folder))
        team = Team()
        async with running_core(settings, "taste", [team]):
            held_out = LINES[plan.voted : plan.voted + plan.held_out]
            tell(f"the team asks {len(held_out)} questions that it never votes on")
            before = await team.ask_all(held_out)
            tell(f"and votes on the answers to {plan.voted} others")
            votes = await _vote(team, plan)
            tell(f"/retrain {plan.recipe}, from {votes} votes")
            called = time.monotonic()
            report = await team.retrain(plan.recipe)
            training_s = time.monotonic() - called
            tell("the team asks the first questions once more")
            after = await team.ask_all(held_out)
        run, candidate = await _outcome(Path(folder))
    seconds = time.monotonic() - started
    return Tasted(tuple(before), tuple(after), votes, report, run, candidate, training_s, seconds)


async def _vote(team: Team, plan: Plan) -> int:
    """All votes, in two parts: those that are learned from, and then the latest, which are always the true ones."""
    early = round(plan.voted * (1 - _TRUE_SHARE))
    votes = await team.vote_all(LINES[:early], inverted=plan.inverted)
    return votes + await team.vote_all(LINES[early : plan.voted])


def _settings(folder: Path) -> Settings:
    no_limit = "1000000/second"
    return Settings.load({"DATA_FOLDER": str(folder), "PERSON_BUDGET": no_limit, "PLACE_BUDGET": no_limit})


async def _outcome(folder: Path) -> tuple[Run, Release | None]:
    """The run that `/retrain` made, and its candidate."""
    database = Database(sqlite_url(folder))
    await database.open()
    try:
        async with SqlUnitOfWorkFactory(database).reading() as uow:
            (run,) = await uow.releases.runs()
            named = {release.name: release for release in await uow.releases.all()}
    finally:
        await database.close()
    return run, named.get(run.release or "")


def _liked(answers: Sequence[Said]) -> Share:
    return Share(sum(said.liked for said in answers), len(answers))


def figures(tasted: Tasted) -> dict[str, object]:
    """The figures, with 95 % intervals: Wilson's for shares, Newcombe's for the gain."""
    before, after = _liked(tasted.before), _liked(tasted.after)
    scores = tasted.candidate.scores if tasted.candidate else {}
    return {
        "liked_before": round(before.value, 3),
        "liked_before_interval": _rounded(before.interval()),
        "liked_after": round(after.value, 3),
        "liked_after_interval": _rounded(after.interval()),
        "gain": round(after.value - before.value, 3),
        "gain_interval": _rounded(difference(after, before)),
        "perplexity_ratio": round(scores.get("perplexity_ratio", float("nan")), 4),
        "ranking": round(scores.get("ranking_after", float("nan")), 3),
        "votes": tasted.votes,
        "training_s": round(tasted.training_s, 1),
        "seconds": round(tasted.seconds, 1),
        "release_before": tasted.before[0].release,
        "release_after": tasted.after[0].release,
        "verdict": tasted.verdict,
    }


def _rounded(interval: tuple[float, float]) -> list[float]:
    return [round(end, 3) for end in interval]


def table(tasted: Tasted) -> list[str]:
    """The figures in words, some answers side by side, and the bot's own report."""
    found = figures(tasted)
    lines = []
    for name, meaning in MEANING.items():
        interval = found.get(f"{name}_interval")
        spread = f" ({interval[0]:.2f} to {interval[1]:.2f})" if isinstance(interval, list) else ""
        lines.append(f"{name:18}{found[name]:10}{spread:20}  {meaning}")
    lines += ["", *_side_by_side(tasted), "", tasted.report, ""]
    lines.append(f"{tasted.verdict}: {found['release_before']} → {found['release_after']}")
    return lines


def _side_by_side(tasted: Tasted, most: int = 6) -> list[str]:
    changed = [(old, new) for old, new in zip(tasted.before, tasted.after, strict=True) if old.text != new.text]
    return [
        f"{old.question}\n    before: {_brief(old.text)}\n    after:  {_brief(new.text)}" for old, new in changed[:most]
    ]


def _brief(text: str) -> str:
    return json.dumps(text if len(text) < 100 else text[:99] + "…", ensure_ascii=False)
