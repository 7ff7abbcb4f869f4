"""A model on its way from its folder into the worker's memory, and LoRA weights after it.

What is right or wrong with a folder is `bot.engine.weights`' word, and which path runs a model `bot.engine.generic`'s.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bot.engine import hardware, lora, weights
from bot.engine.channel import place_of
from bot.engine.hub import Told
from bot.errors import ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bot.engine.generic import ModelPath
    from bot.engine.runner import Defaults


# A conversation needs so many tokens, whatever they cost.
_LEAST_WINDOW = 2048


def affordable_window(window: int, place_bytes: int, cache_mib: int) -> int:
    """The window of a model, or as much of it as the memory for keys and values holds for one request.

    That is half of the memory, because the other half keeps prefixes, and a power of two, because slots are. Without
    this limit one long conversation alone would take more than the budget.
    """
    places = cache_mib * 2**20 // 2 // max(1, place_bytes)
    return min(window, max(_LEAST_WINDOW, 1 << max(0, places.bit_length() - 1)))


class Loader:
    """One model: `find`, `open`, `load`.

    After `open` its `tokenizer`, its `window` and its name as a `release` are known; after `load` its `path`, its
    `defaults`, and a `description` for the operator.
    """

    release: str
    window: int
    tokenizer: PreTrainedTokenizerBase
    path: ModelPath
    defaults: Defaults
    description: str

    def __init__(self, model: str, threads: int, dtype: str) -> None:
        self._model = model
        self._threads = hardware.choose_threads(threads)
        self._dtype = dtype
        self._folder: Path

    def find(self, told: Told) -> None:
        """Find the folder, downloaded where it must be, and look what can be found wrong with it.

        Raises:
            ModelError: there is none, or something is.
        """
        self._folder = weights.find_folder(self._model, told)
        weights.check_folder(self._folder)

    def open(self) -> None:
        """Load what is quickly loaded.

        Raises:
            ModelError: something is wrong with it.
        """
        self.tokenizer = weights.load_tokenizer(self._folder)
        self.release = weights.release_name(self._model, weights.fingerprint(self._folder))
        self.window = weights.window_of(self._folder, self.tokenizer)

    def load(self) -> None:
        """Load the weights.

        Raises:
            ModelError: they cannot be.
        """
        from bot.engine.generic import choose_model
        from bot.engine.lean import is_lean
        from bot.engine.runner import Defaults

        model = self._load_weights()
        device, size_bytes = model.device.type, sum(weight.nbytes for weight in model.parameters())
        eight_bits = is_lean(model) and hardware.has_eight_bits(self._dtype, device, size_bytes)
        self.description = hardware.describe(model.dtype, device, self._threads, eight_bits=eight_bits)
        self.defaults = Defaults.of(model.generation_config)
        self.path = choose_model(model, self.window, eight_bits=eight_bits)

    def afford(self, cache_mib: int) -> int:
        """The window that there is memory for; `description` tells when it is less than the model's."""
        window = affordable_window(self.window, self.path.place_bytes, cache_mib)
        if window < self.window:
            self.description += f", memory for {window} of the model's {self.window} tokens"
        return window

    def tune(self, release: str, adapter: str) -> ModelPath:
        """The model with LoRA weights merged into it.

        Raises:
            ModelError: they cannot be; everything else goes on.
        """
        from bot.engine.generic import tuned

        try:
            lora.check_release(release, Path(adapter))
            model = self._load_weights()
            return tuned(self.path, model, lora.merge(model, Path(adapter), release))
        except ModelError:
            raise
        except Exception as error:  # whatever it is, what is loaded must go on
            raise ModelError(f"The weights in {adapter} could not be loaded ({place_of(error)}).") from error

    def _load_weights(self) -> PreTrainedModel:
        import torch

        torch.set_num_threads(self._threads)
        device = hardware.choose_device()
        return weights.load_model(self._folder, hardware.choose_dtype(self._dtype, device), device)
