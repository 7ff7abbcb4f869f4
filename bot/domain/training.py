"""What is learned from, how a run is ordered, and what it reports: the words that the core and the training share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.generation import PromptMessage


class ExampleKind(StrEnum):
    """In the field's words: a demonstration (supervised), a verdict on one answer (KTO), a preference pair (DPO)."""

    DEMONSTRATION = "demonstration"
    VERDICT = "verdict"
    PAIR = "pair"


class ExampleSource(StrEnum):
    """Where an example comes from."""

    RATING = "rating"
    SUGGESTION = "suggestion"
    REGENERATED = "regenerated"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose example it is and what earned it. `people` are the keys of all whose words or votes are in it."""

    source: ExampleSource
    at: datetime
    turn_id: str = ""
    place: str = ""
    rated_by: str = ""
    people: tuple[str, ...] = ()
    release: str | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt and an answer to learn from.

    `good` says what a verdict was; `rejected` is the answer that a pair holds lesser. A demonstration is always good.
    """

    kind: ExampleKind
    prompt: tuple[PromptMessage, ...]
    answer: str
    origin: Origin
    good: bool = True
    rejected: str = ""


@dataclass(frozen=True, slots=True)
class Collected:
    """The examples that may be used, oldest first, and how many were left out for which reason."""

    examples: tuple[Example, ...]
    dropped: Mapping[str, int] = field(default_factory=dict)

    @property
    def verdicts(self) -> int:
        """How many ratings are among them."""
        return sum(example.kind is ExampleKind.VERDICT for example in self.examples)


@dataclass(frozen=True, slots=True)
class TrainingOrder:
    """One run: what to train on, how, and from where.

    `in_service` is the folder of the LoRA weights that the candidate has to beat, None for the base model itself.
    """

    run_id: str
    recipe: str
    collected: Collected
    in_service: str | None
    seed: int


class Stage(StrEnum):
    """What a run is at."""

    PREPARING = "preparing"
    SUPERVISED = "supervised"
    PREFERENCE = "preference"
    TESTING = "testing"
    SAMPLING = "sampling"


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """Steps done of a stage; the latest loss; the run's seconds still to go, where they can be told."""

    stage: Stage
    done: int
    total: int
    loss: float | None = None
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class TrainingMetric:
    """A point of a curve, such as ("sft_loss", 12, 2.31)."""

    name: str
    step: int
    value: float


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value, with its 95 % interval where it has one."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """The same prompt answered by the release in service and by the candidate."""

    prompt: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """How a run ended.

    Attributes:
        passed: whether the candidate passed the gate.
        failed_gates: the gates it did not pass, as keys of `bot.domain.lines` ("gate.ranking", "gate.perplexity" ...).
        figures: ranking_before, ranking_after, ranking_gain, margin_gain, perplexity_ratio, seconds ...
        weights: folder of the LoRA weights (peft's format), inside the data folder.
        fingerprint: 64 hex digits of the weights, as `bot.engine.lora.fingerprint` gives them.
        data_fingerprint: 64 hex digits that are equal for equal examples.
        picture: PNG of the curves and figures, inside the data folder; "" when none could be drawn.
        used: examples by kind. dropped: those left out by the training itself (too long ...), by reason.
    """

    passed: bool
    failed_gates: tuple[str, ...]
    figures: Mapping[str, Figure]
    samples: tuple[Sample, ...]
    weights: str
    fingerprint: str
    data_fingerprint: str
    picture: str = ""
    used: Mapping[str, int] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)


TrainingEvent = TrainingProgress | TrainingMetric | TrainingReport
