"""A run from its folder's order to its report, stage by stage: prepare, learn, test, sample.

It works in the worker's process and tells what happens through `Teller`; the process itself is `bot.training.worker`'s.
"""

from __future__ import annotations

import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bot
import bot.engine.hardware as hardware
import bot.engine.lora as lora
import bot.engine.weights as weights
from bot.domain.training import (
    Example,
    Figure,
    Sample,
    Stage,
    TrainingMetric,
    TrainingProgress,
    TrainingReport,
)
from bot.errors import TrainingFailed
from bot.training import splitting
from bot.training.folder import Order, RunFolder
from bot.training.judging import Judgement, Perplexed, Scored, judge
from bot.training.panel import PROMPTS, Reply, fault
from bot.training.preparing import GENERAL, Budget, Messages, Prepared, prepare, read_general
from bot.training.recipes import RECIPES, Recipe, rows_for

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bot.training.measuring import Contest, Likelihood

Tell = Callable[[TrainingProgress | TrainingMetric], None]
_LIBRARIES = ("torch", "transformers", "trl", "peft", "datasets", "accelerate", "safetensors", "numpy", "scipy")
_SAMPLES = (2, 0, 10, 14, 12)


class Teller:
    """Tells how far a run is. Work is counted in tokens looked at, so that the time left can be told from the first."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._work: dict[Stage, float] = {}
        self._done: dict[Stage, float] = {}
        self._began = 0.0

    def plan(self, work: dict[Stage, float]) -> None:
        """How much each stage has to do; the clock starts."""
        self._work, self._began = work, time.monotonic()

    def at(self, stage: Stage, done: int, total: int, loss: float | None = None) -> None:
        """A stage came so far."""
        self._done[stage] = self._work.get(stage, 0.0) * done / max(total, 1)
        self._tell(TrainingProgress(stage, done, total, loss, self._seconds_left()))

    def point(self, name: str, step: int, value: float) -> None:
        """A point of a curve."""
        self._tell(TrainingMetric(name, step, value))

    def _seconds_left(self) -> float | None:
        whole, done = sum(self._work.values()), sum(self._done.values())
        if done < 0.03 * whole or not done:
            return None
        return (whole - done) / done * (time.monotonic() - self._began)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the test gave: the judgement, the ratings' scores for the picture, and samples."""

    judgement: Judgement
    scored: tuple[Scored, ...]
    samples: tuple[Sample, ...]


def run(folder: RunFolder, tell: Tell) -> TrainingReport:
    """Carry out the order in the folder, and leave weights, picture and report there.

    Raises:
        TrainingFailed: there is nothing to learn from, or the recipe is unknown.
        CorruptExample, ModelError, OSError, MemoryError, RuntimeError: it cannot go on.
    """
    began = time.monotonic()
    teller = Teller(tell)
    teller.at(Stage.PREPARING, 0, 1)
    order = folder.order()
    recipe = RECIPES.get(order.recipe)
    if recipe is None:
        raise TrainingFailed("training.unknown_recipe", recipe=order.recipe, known=", ".join(RECIPES))
    folder.scratch.mkdir(exist_ok=True)
    # Libraries put what people wrote into temporary files.
    tempfile.tempdir = str(folder.scratch)
    try:
        return _Run(folder, order, recipe, teller, began).carry_out()
    finally:
        tempfile.tempdir = None
        shutil.rmtree(folder.scratch, ignore_errors=True)


class _Run:
    def __init__(self, folder: RunFolder, order: Order, recipe: Recipe, teller: Teller, began: float) -> None:
        self._folder = folder
        self._order = order
        self._recipe = recipe
        self._teller = teller
        self._began = began
        self._curves: dict[str, list[tuple[int, float]]] = {}

    def carry_out(self) -> TrainingReport:
        train, heldout = self._folder.examples()
        base_folder = weights.find_folder(self._order.base)
        weights.check_folder(base_folder)
        _take_threads(self._order.threads)
        tokenizer = _tokenizer(base_folder)
        window = min(self._recipe.window, weights.window_of(base_folder, tokenizer))
        prepared = prepare(train, self._recipe, Budget(tokenizer, window), self._order.seed)
        if not prepared.supervised and not prepared.verdicts:
            raise TrainingFailed("training.nothing")
        base = self._load(base_folder)
        steps = plan_steps(prepared, self._recipe)
        self._teller.plan(_work(steps, self._recipe, len(heldout) + len(read_general("heldout"))))
        self._teller.at(Stage.PREPARING, 1, 1)
        settings = self._settings(base_folder, base, train, heldout)
        self._folder.note_settings(settings)
        self._folder.note_settings(settings | {"phases": self._learn(base, tokenizer, prepared, steps)})
        outcome = self._test(base_folder, tokenizer, window, heldout)
        return self._report(outcome, prepared, (*train, *heldout))

    # --- learning ---

    def _learn(
        self, base: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prepared: Prepared, steps: dict[str, int]
    ) -> dict[str, dict[str, Any]]:
        from bot.training import tuning

        model = tuning.add_lora(base, self._recipe, self._order.seed)
        bench = tuning.Bench(model, tokenizer, self._recipe, self._order.seed, self._folder.scratch)
        kto, preference = steps.get("kto", 0), steps.get("kto", 0) + steps.get("dpo", 0)
        learn: dict[str, Callable[[], dict[str, Any]]] = {
            "sft": lambda: tuning.learn_liked(
                bench, prepared.supervised, self._follow(Stage.SUPERVISED, "sft", 0, steps["sft"])
            ),
            "kto": lambda: tuning.learn_verdicts(
                bench, prepared.verdicts, self._follow(Stage.PREFERENCE, "kto", 0, preference)
            ),
            "dpo": lambda: tuning.learn_pairs(
                bench, prepared.pairs, self._follow(Stage.PREFERENCE, "dpo", kto, preference)
            ),
        }
        phases = {name: learn[name]() for name in steps}
        self._folder.keep_weights(lambda part: tuning.save_lora(model, _base_name(self._order.base), part))
        return phases

    def _follow(self, stage: Stage, name: str, before: int, total: int) -> Callable[[int, dict[str, float]], None]:
        """What to do with each step of a phase, which is one part of its stage."""

        def follow(step: int, logged: dict[str, float]) -> None:
            self._curves.setdefault(f"{name}_loss", []).append((step, logged["loss"]))
            self._teller.point(f"{name}_loss", step, logged["loss"])
            self._teller.at(stage, before + step, total, logged["loss"])

        return follow

    # --- testing ---

    def _test(
        self, base_folder: Path, tokenizer: PreTrainedTokenizerBase, window: int, heldout: Sequence[Example]
    ) -> Outcome:
        from bot.training.measuring import CANDIDATE, Contest

        # The weights that may be served are those of the folder, not those in memory.
        in_service = Path(self._order.in_service) if self._order.in_service else None
        if in_service is not None:
            lora.check_release("", in_service)
        base = self._load(base_folder, exact=True)
        contest = Contest(base, tokenizer, self._folder.weights, in_service, window)
        scored, general = self._score(contest, heldout)
        self._teller.at(Stage.SAMPLING, 0, 2)
        before = contest.replies(contest.served, PROMPTS, self._order.seed)
        self._teller.at(Stage.SAMPLING, 1, 2)
        after = contest.replies(CANDIDATE, PROMPTS, self._order.seed)
        self._teller.at(Stage.SAMPLING, 2, 2)
        special = frozenset(tokenizer.all_special_tokens)
        broken = tuple(sum(bool(fault(reply, special)) for reply in replies) for replies in (before, after))
        judgement = judge(scored, general, (broken[0], broken[1]), len(PROMPTS), self._order.seed)
        return Outcome(judgement, scored, _samples(before, after))

    def _score(self, contest: Contest, heldout: Sequence[Example]) -> tuple[tuple[Scored, ...], tuple[Perplexed, ...]]:
        from bot.training.measuring import BASE, CANDIDATE

        general = [(talk[:-1], talk[-1]["content"]) for talk in read_general("heldout")]
        answers = [(_messages(one), one.answer) for one in heldout]
        everything = [*answers, *general]
        releases = list(dict.fromkeys((BASE, contest.served, CANDIDATE)))
        found: dict[str, list[Likelihood]] = {}
        for number, release in enumerate(releases):

            def done(count: int, total: int, passed: int = number) -> None:
                self._teller.at(Stage.TESTING, passed * total + count, len(releases) * total)

            found[release] = contest.likelihoods(release, everything, done)
        unseen = self._unseen(heldout)
        scored = tuple(
            Scored(one.good, served.mean - base.mean, new.mean - base.mean, splitting.cluster(one), is_unseen)
            for one, is_unseen, base, served, new in zip(
                heldout, unseen, found[BASE], found[contest.served], found[CANDIDATE], strict=False
            )
        )
        rest = slice(len(answers), None)
        perplexed = tuple(
            Perplexed(served.total, new.total, new.tokens)
            for served, new in zip(found[contest.served][rest], found[CANDIDATE][rest], strict=True)
        )
        return scored, perplexed

    def _unseen(self, heldout: Sequence[Example]) -> list[bool]:
        train, _ = self._folder.examples()
        known = {person for one in train for person in (one.origin.rated_by, *one.origin.people)}
        return [one.origin.rated_by != "" and one.origin.rated_by not in known for one in heldout]

    # --- reporting ---

    def _report(self, outcome: Outcome, prepared: Prepared, examples: Sequence[Example]) -> TrainingReport:
        from bot.training.picture import draw

        figures = dict(outcome.judgement.figures)
        people = {one.origin.rated_by for one in examples if one.origin.rated_by}
        figures |= {"raters": Figure(len(people)), "seconds": Figure(time.monotonic() - self._began)}
        draw(self._folder.picture, self._curves, figures, outcome.scored, not outcome.judgement.failed)
        data = self._folder.path.parent.parent
        report = TrainingReport(
            passed=not outcome.judgement.failed,
            failed_gates=outcome.judgement.failed,
            figures=figures,
            samples=outcome.samples,
            weights=str(self._folder.weights.relative_to(data)),
            fingerprint=lora.fingerprint(self._folder.weights),
            data_fingerprint=splitting.data_fingerprint(examples),
            picture=str(self._folder.picture.relative_to(data)),
            used=prepared.used | {"heldout": len(outcome.scored)},
            dropped=prepared.dropped,
        )
        self._folder.finish(report)
        return report

    def _settings(
        self, base_folder: Path, base: PreTrainedModel, train: Sequence[Example], heldout: Sequence[Example]
    ) -> dict[str, object]:
        import torch

        in_service = self._order.in_service
        return {
            "order": asdict(self._order),
            "recipe": asdict(self._recipe),
            "versions": {"inkling": bot.__version__, "python": platform.python_version()}
            | {name: version(name) for name in _LIBRARIES},
            "base": {"name": _base_name(self._order.base), "fingerprint": weights.fingerprint(base_folder)},
            "in_service_fingerprint": lora.fingerprint(Path(in_service)) if in_service else "",
            "data_fingerprint": splitting.data_fingerprint([*train, *heldout]),
            "general_fingerprint": splitting.file_fingerprint(GENERAL),
            "dtype": str(base.dtype).removeprefix("torch."),
            "device": base.device.type,
            "threads": torch.get_num_threads(),
        }

    def _load(self, folder: Path, *, exact: bool = False) -> PreTrainedModel:
        """The base model to train on; `exact`: in float32, to measure by, where that is affordable."""
        device = hardware.choose_device()
        setting = "float32" if exact and device == "cpu" else "auto"
        return weights.load_model(folder, hardware.choose_dtype(setting, device), device)


def plan_steps(prepared: Prepared, recipe: Recipe) -> dict[str, int]:
    """The phases of a run, in order, and how many steps each has. One without rows is left out."""
    steps = {}
    if prepared.supervised:
        steps["sft"] = recipe.supervised.steps_for(len(prepared.supervised), recipe.supervised.rows)
    if count := len(prepared.verdicts):
        steps["kto"] = recipe.verdicts.steps_for(count, rows_for(recipe.verdicts, count))
    if prepared.pairs:
        steps["dpo"] = recipe.pairs.steps_for(len(prepared.pairs), recipe.pairs.rows)
    return steps


def _work(steps: dict[str, int], recipe: Recipe, texts: int) -> dict[Stage, float]:
    """Rows that go through the model, forwards and backwards counted as they cost."""
    return {
        Stage.SUPERVISED: 3 * steps.get("sft", 0) * recipe.supervised.rows,
        Stage.PREFERENCE: 4 * steps.get("kto", 0) * recipe.verdicts.rows + 6 * steps.get("dpo", 0) * recipe.pairs.rows,
        Stage.TESTING: 3 * texts,
        Stage.SAMPLING: 2 * 10 * len(PROMPTS),
    }


def _take_threads(setting: int) -> None:
    import torch

    torch.set_num_threads(hardware.choose_threads(setting))
    # Probabilities near zero are taken for zero: numbers below 1e-38 slow a processor down by a factor of ten.
    torch.set_flush_denormal(True)


def _tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    tokenizer = weights.load_tokenizer(folder)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def _base_name(base: str) -> str:
    return Path(base).expanduser().absolute().name if weights.is_local(base) else base


def _messages(example: Example) -> Messages:
    return [{"role": one.role.value, "content": one.content} for one in example.prompt]


def _samples(before: Sequence[Reply], after: Sequence[Reply]) -> tuple[Sample, ...]:
    """Side by side on the panel's prompts: what people wrote is not shown around."""
    return tuple(Sample(PROMPTS[number], before[number].text, after[number].text) for number in _SAMPLES)
