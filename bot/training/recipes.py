"""The recipes: every setting of a run that is a matter of choice, as frozen values.

Rates are those of LoRA on a model whose layers are 2,048 wide. Narrower models bear, and need, larger ones: a rate is
multiplied by the root of 2,048 / width, and by eight at the most. Steps follow from the number of examples, but a phase
has enough of them for fifty ratings to tell, and few enough for thousands not to take all night.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_WIDTH = 2048
_MOST_SCALE = 8.0


@dataclass(frozen=True, slots=True)
class Phase:
    """One trainer's part.

    Attributes:
        rate: the learning rate at its height, for a width of 2,048.
        epochs: how often each example is seen.
        least_steps: more epochs are run until there are so many steps, `most_epochs` at the most.
        rows: examples in a step.
    """

    rate: float
    epochs: float
    least_steps: int
    most_epochs: float
    rows: int

    def rate_for(self, width: int) -> float:
        """The learning rate for a model whose layers are so wide."""
        return self.rate * min(_MOST_SCALE, max(1.0, math.sqrt(_WIDTH / width)))

    def steps_for(self, examples: int, rows: int) -> int:
        """How many steps so many examples get."""
        in_an_epoch = -(-examples // rows)
        wanted = max(self.epochs * in_an_epoch, self.least_steps)
        return max(1, round(min(wanted, self.most_epochs * in_an_epoch)))


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a candidate is made.

    Attributes:
        window: tokens of a prompt and its answer together; older turns of a longer prompt are left out.
        general_share, anchor_share: the share of the supervised examples, and of KTO's, that comes from the general
            set, against forgetting.
        rank, alpha: of the LoRA matrices, on every linear layer of the trunk. vLLM takes ranks up to 16 by default.
        beta: how dearly KTO and DPO pay for leaving the reference model.
        least_side: KTO needs so many ratings of either verdict. least_pairs: DPO needs so many pairs.
    """

    name: str
    window: int
    general_share: float
    anchor_share: float
    supervised: Phase
    verdicts: Phase
    pairs: Phase
    rank: int = 16
    alpha: int = 32
    beta: float = 0.1
    warmup: float = 0.1
    weight_decay: float = 0.0
    clip: float = 1.0
    least_side: int = 5
    least_pairs: int = 8


QUICK = Recipe(
    name="quick",
    window=512,
    general_share=0.4,
    anchor_share=0.4,
    supervised=Phase(rate=2e-4, epochs=1, least_steps=12, most_epochs=4, rows=16),
    verdicts=Phase(rate=5e-5, epochs=1, least_steps=24, most_epochs=6, rows=16),
    pairs=Phase(rate=2e-5, epochs=1, least_steps=8, most_epochs=3, rows=8),
)
# On the bundled writer, 141 votes: liked answers from 41 to 64 % on lines never voted on, perplexity times 1.008.
# Without the anchors, and with twice the rate of KTO, forgetting was 9 %.
STANDARD = Recipe(
    name="standard",
    window=1024,
    general_share=0.4,
    anchor_share=0.4,
    supervised=Phase(rate=2e-4, epochs=2, least_steps=24, most_epochs=8, rows=16),
    verdicts=Phase(rate=5e-5, epochs=2, least_steps=40, most_epochs=10, rows=16),
    pairs=Phase(rate=2e-5, epochs=2, least_steps=16, most_epochs=6, rows=8),
)
THOROUGH = Recipe(
    name="thorough",
    window=2048,
    general_share=0.5,
    anchor_share=0.5,
    supervised=Phase(rate=2e-4, epochs=3, least_steps=36, most_epochs=12, rows=16),
    verdicts=Phase(rate=5e-5, epochs=4, least_steps=80, most_epochs=20, rows=16),
    pairs=Phase(rate=2e-5, epochs=3, least_steps=30, most_epochs=10, rows=8),
)
RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in (QUICK, STANDARD, THOROUGH)}


def weigh(good: int, bad: int) -> tuple[float, float]:
    """KTO's weights of good and bad ratings, so that the weighted sides lie between 1:1 and 4:3.

    The bounds are those of equation 8 of the KTO paper (Ethayarajh et al. 2024, https://arxiv.org/abs/2402.01306). The
    rarer side is weighed up; sides within the bounds are left as they are.
    """
    ratio = good / bad
    if ratio < 1:
        return 1 / ratio, 1.0
    return 1.0, max(1.0, ratio * 3 / 4)


def rows_for(phase: Phase, examples: int) -> int:
    """KTO's rows in a step: its KL term compares rows with their neighbours, so a last step of one teaches nonsense.

    Of the sizes down to half the phase's, the one that leaves the fullest last step.
    """
    sizes = range(phase.rows, max(2, phase.rows // 2) - 1, -1)
    return max(sizes, key=lambda size: ((examples % size or size) / size, size)) if examples > phase.rows else examples
