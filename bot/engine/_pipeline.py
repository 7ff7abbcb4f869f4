"""A loaded diffusers pipeline: what it can do, and what it paints.

It runs in the painter's process. Loading is left to `_pipeline_loading`, drawing to `_drawing`.
"""

from __future__ import annotations

from bot.domain.generation import PainterTraits, PaintRequest
from bot.engine._drawing import Drawing, Drawn, OnStep, Parts, setting, takes_of
from bot.engine._picture_checking import Checker, find_checker
from bot.engine._pipeline_card import read_card
from bot.engine._pipeline_folder import public_name
from bot.engine._pipeline_loading import image_to_image, load_pipeline
from bot.engine._walk import walks_between_prompts, walks_between_seeds
from bot.engine.hub import Told, untold
from bot.errors import RequestRejected


class Pipeline:
    """A text-to-image pipeline. `description` is a line for the operator."""

    def __init__(self, parts: Parts, description: str) -> None:
        self._parts = parts
        self.description = description

    @classmethod
    def load(cls, model: str, threads: int, dtype: str, checker: str = "", told: Told = untold) -> Pipeline:
        """Load a folder or a Hub id, and the model that looks at its pictures, if one is named.

        Raises:
            ModelError: one of them is missing, damaged, not allowed, or makes (or checks) no pictures.
        """
        # Before the pipeline: loading that one from a folder shuts the Hub off for good.
        found = find_checker(checker) if checker else None
        pipe, folder, description = load_pipeline(model, threads, dtype, told)
        looking = Checker.load(found) if found else None
        return cls(Parts(pipe, image_to_image(pipe), public_name(model), read_card(folder), looking), description)

    @property
    def traits(self) -> PainterTraits:
        """What it can do."""
        pipe, card = self._parts.pipe, self._parts.card
        takes, animates = takes_of(pipe), walks_between_seeds(pipe)
        return PainterTraits(
            styles=card.styles,
            size=card.size,
            steps=card.steps or setting(takes, {}, "num_inference_steps"),
            guidance=setting(takes, {}, "guidance_scale") if card.guidance is None else card.guidance,
            varies=self._parts.varying is not None,
            animates=animates,
            blends=animates and walks_between_prompts(pipe),
            sheet=card.sheet,
        )

    def paint(self, request: PaintRequest, seed: int, on_step: OnStep) -> Drawn:
        """Paint what is asked for. Of several pictures, picture i has `seed` + i and is that seed's single picture.

        Raises:
            RequestRejected: the words are too long for the pipeline, it cannot do this, it does not take these values,
                or what came out must not be shown.
        """
        card = self._parts.card
        for words in filter(None, (request.prompt, request.towards)):
            self._check_length(card.prompt(words, request.style))
        return Drawing(self._parts, request, seed, on_step).run()

    def _check_length(self, words: str) -> None:
        """Refuse what no text encoder of the pipeline reads whole: diffusers would drop the rest without a word."""
        from transformers import PreTrainedTokenizerBase

        parts = self._parts.pipe.components.values()
        tokenizers = [part for part in parts if isinstance(part, PreTrainedTokenizerBase)]
        if not tokenizers:
            return
        widest = max(tokenizers, key=lambda tokenizer: tokenizer.model_max_length)
        tokens = len(widest(words).input_ids)
        if tokens > widest.model_max_length:
            raise RequestRejected("paint.too_long", tokens=tokens, limit=widest.model_max_length)
