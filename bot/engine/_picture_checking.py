"""Whether a picture may be shown, judged by an image classifier that the host names (IMAGE_CHECKER).

It runs in the painter's process. Like every model it is safetensors only, and no code of its own is run.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.engine.hub import Wanted, fetch
from bot.engine.weights import is_local
from bot.errors import ModelError, ModelUnreachable

if TYPE_CHECKING:
    from PIL.Image import Image

# How classifiers of this kind name what is not to be shown. Falconsai/nsfw_image_detection says "nsfw"; others
# "porn", "hentai", "sexy" beside "neutral" and "drawings".
_UNSAFE = re.compile(r"\b(?:nsfw|porn\w*|hentai|sexy|sexual|explicit|nud\w+|unsafe|gore|violen\w+|hate\w*)\b", re.I)
_NEGATED = re.compile(r"\b(?:not|non|no)\b|^sfw|^safe", re.I)

# Unsafe labels together, at the least.
_THRESHOLD = 0.5


def find_checker(name: str) -> Path:
    """The classifier's folder; a Hub id is downloaded first, or found in the Hub's cache.

    Raises:
        ModelError: there is none.
    """
    if is_local(name):
        folder = Path(name).expanduser()
        if not (folder / "config.json").is_file():
            raise ModelError(
                f"IMAGE_CHECKER: {folder} holds no model. Set it to an image classifier, or leave it empty."
            )
        return folder
    try:
        return fetch(name, Wanted("IMAGE_CHECKER", ("*.json", "*.safetensors"), doubles=("*/*",)))
    except ModelUnreachable as error:
        # What looks at pictures is not done without: this painter gives up instead of painting with the bundled model.
        raise ModelError(str(error)) from error


class Checker:
    """A loaded classifier."""

    def __init__(self, model: Any, processor: Any, unsafe: list[int]) -> None:
        self._model = model
        self._processor = processor
        self._unsafe = unsafe

    @classmethod
    def load(cls, folder: Path) -> Checker:
        """Load a classifier that `find_checker` found.

        Raises:
            ModelError: it is damaged, no image classifier, or has no label for what is not to be shown.
        """
        import transformers

        loaders: Any = transformers
        options: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
        try:
            processor = loaders.AutoImageProcessor.from_pretrained(folder, **options)
            model = loaders.AutoModelForImageClassification.from_pretrained(folder, use_safetensors=True, **options)
        except Exception as error:  # transformers and safetensors raise many kinds
            reason = str(error).partition("\n")[0][:200].rstrip(" .")
            raise ModelError(
                f"IMAGE_CHECKER: {folder} could not be loaded ({type(error).__name__}: {reason}). Set it to an image "
                "classifier with safetensors, or leave it empty."
            ) from error
        labels = {int(number): str(label) for number, label in model.config.id2label.items()}
        unsafe = [number for number, label in labels.items() if is_unsafe(label)]
        if not unsafe or len(unsafe) == len(labels):
            raise ModelError(
                f"IMAGE_CHECKER: {folder} knows the labels {', '.join(labels.values())}: none of them tells pictures "
                "that must not be shown (such as “nsfw”) from others. Choose another one, or leave it empty."
            )
        return cls(model.eval(), processor, unsafe)

    def objects(self, image: Image) -> bool:
        """Whether the picture is not to be shown."""
        import torch

        with torch.no_grad():
            scores = self._model(**self._processor(images=image.convert("RGB"), return_tensors="pt")).logits[0]
        return bool(scores.softmax(-1)[self._unsafe].sum() >= _THRESHOLD)


def is_unsafe(label: str) -> bool:
    """Whether a label names what is not to be shown."""
    words = label.replace("_", " ").replace("-", " ")
    return _UNSAFE.search(words) is not None and _NEGATED.search(words) is None
