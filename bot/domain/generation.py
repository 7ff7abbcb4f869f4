"""What is asked of a generator and what comes back: the words that the core and the engine share.

The engine imports this module and `bot.errors` and nothing else of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """Who speaks in a prompt, in the words of every chat template."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """One message of a prompt."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How the next token is chosen. `None` leaves a choice to the model's own generation configuration.

    Raises:
        ValueError: a value is outside its range; the text names the value and the range.
    """

    max_tokens: int = 256
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None

    def __post_init__(self) -> None:
        _check("max_tokens", self.max_tokens, 1, 131_072)
        _check("temperature", self.temperature, 0.0, 5.0)
        _check("top_p", self.top_p, 0.0, 1.0)
        _check("top_k", self.top_k, 0, 1_000_000)
        _check("min_p", self.min_p, 0.0, 1.0)
        _check("repetition_penalty", self.repetition_penalty, 0.1, 10.0)
        _check("seed", self.seed, 0, 2**63 - 1)
        if any(not text for text in self.stop):
            raise ValueError("stop must not hold an empty text")
        # Half a surrogate pair is no character, so it never appears in an answer.
        if any("\ud800" <= character <= "\udfff" for text in self.stop for character in text):
            raise ValueError("stop must be valid Unicode")


def _check(name: str, value: float | None, low: float, high: float) -> None:
    if value is not None and not low <= value <= high:
        raise ValueError(f"{name} must lie between {low} and {high}, not {value}")


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """A prompt to be answered.

    A last message of the assistant's is continued instead of answered. `person` and `place` are keys by which a
    scheduler is fair; `release` asks for one release by name (None: the one in service).
    """

    id: str
    messages: tuple[PromptMessage, ...]
    sampling: SamplingParams
    person: str = ""
    place: str = ""
    release: str | None = None


@dataclass(frozen=True, slots=True)
class Queued:
    """The request waits; `position` 1 is next."""

    position: int


@dataclass(frozen=True, slots=True)
class Started:
    """The request is being read by this release of the model."""

    release: str


@dataclass(frozen=True, slots=True)
class Piece:
    """New text, never half a character."""

    text: str


class FinishReason(StrEnum):
    """Why an answer ended: by itself, at its maximum length, or because someone stopped it."""

    STOP = "stop"
    LENGTH = "length"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of every generation that did not raise."""

    reason: FinishReason
    prompt_tokens: int
    completion_tokens: int


GenerationEvent = Queued | Started | Piece | Finished


class EngineState(StrEnum):
    """What an engine can say of itself."""

    LOADING = "loading"
    READY = "ready"
    RESTARTING = "restarting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PaintStyle:
    """A style that a painter was trained on: its name, the same for people, and the file of a sample ("": none)."""

    name: str
    en: str
    zh: str
    sample: str = ""


@dataclass(frozen=True, slots=True)
class PainterTraits:
    """What a painter can do: its styles (none known: any words), the pixels of a side that it was made for, what it
    draws with when nobody says otherwise; whether it varies a picture, and walks between seeds and between prompts.

    `sheet` is the file of a picture of all styles ("": none). None: the model does not say.
    """

    styles: tuple[PaintStyle, ...] = ()
    size: int | None = None
    steps: int | None = None
    guidance: float | None = None
    varies: bool = False
    animates: bool = False
    blends: bool = False
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class Download:
    """A model on its way from the Hub: so many bytes of it are here."""

    done: int
    total: int

    @property
    def percent(self) -> int:
        """The share that is here, rounded down."""
        return 100 * self.done // max(self.total, 1)

    @property
    def in_megabytes(self) -> dict[str, str]:
        """What a line about it says: `done` and `total` in MB (10^6 bytes), and `percent`."""
        return {"done": f"{self.done / 1e6:.1f}", "total": f"{self.total / 1e6:.1f}", "percent": str(self.percent)}


@dataclass(frozen=True, slots=True)
class EngineHealth:
    """An engine's state now. `detail` is a sentence for the operator; `window` counts tokens, prompt and answer.

    `traits` are a painter's, once it is ready. `download` is there while a model is being fetched. `replaced` names the
    model that was set, where the Hub did not give it and the bundled one works in its place.
    """

    state: EngineState
    model: str
    release: str
    window: int
    running: int = 0
    waiting: int = 0
    detail: str = ""
    # How many requests the engine advances at the same time.
    capacity: int = 1
    # Those loaded beside the base model, which is always there.
    releases: tuple[str, ...] = ()
    traits: PainterTraits | None = None
    download: Download | None = None
    replaced: str = ""

    @property
    def is_ready(self) -> bool:
        """Whether requests are answered now."""
        return self.state is EngineState.READY


@dataclass(frozen=True, slots=True)
class PaintRequest:
    """A picture to be painted. `seed` None lets the painter draw one; it comes back with the picture.

    With a `source` (a picture file's bytes) that picture is varied, the more the nearer `strength` is to 1. An
    `animated` one walks from the prompt, or its seed, to `towards`, or another seed, and back.
    """

    id: str
    prompt: str
    style: str = ""
    negative: str = ""
    size: int | None = None
    steps: int | None = None
    guidance: float | None = None
    seed: int | None = None
    count: int = 1
    source: bytes | None = None
    strength: float | None = None
    animated: bool = False
    towards: str = ""


@dataclass(frozen=True, slots=True)
class PaintProgress:
    """Steps done of all steps, and now and then how the picture looks so far, as PNG."""

    done: int
    total: int
    preview: bytes | None = None


@dataclass(frozen=True, slots=True)
class Painted:
    """The pictures as files' bytes, and the parameters that made them (model, seed, steps, size, guidance).

    `seeds` are those of each picture: one that failed and was drawn again has another than its turn would be.
    """

    images: tuple[bytes, ...]
    parameters: Mapping[str, str | int | float] = field(default_factory=dict)
    seeds: tuple[int, ...] = ()
    media_type: str = "image/png"


PaintEvent = Queued | PaintProgress | Painted
