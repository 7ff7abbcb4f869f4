"""The painter's tokenizer: WordPiece over the captions of both languages, every Chinese character a token.

It is BERT's, trained anew, with the two ends of a text that CLIP's text encoder wants; see arXiv 1609.08144.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from recipes.painter import captions
from recipes.painter.pictures import Drawing

PAD, UNKNOWN, BEGIN, END = "<|pad|>", "<|unknown|>", "<|begin|>", "<|end|>"
LENGTH = 40
"""Tokens of a prompt, both ends counted. The text encoder always reads as many."""


def texts(drawings: Iterable[Drawing]) -> Iterator[str]:
    """Every word that a caption may have."""
    for drawing in drawings:
        yield from drawing.en
        yield from drawing.zh
    for _ in range(50):
        yield from captions.ENGLISH + captions.CHINESE + captions.STYLED_CHINESE
        yield from (name for names in captions.STYLES.values() for name in names)


def train(lines: Iterable[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """Train on lines; the result saves itself with `save_pretrained`."""
    core = Tokenizer(models.WordPiece(unk_token=UNKNOWN))
    core.normalizer = normalizers.BertNormalizer(lowercase=True, handle_chinese_chars=True)
    core.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    core.decoder = decoders.WordPiece()
    core.train_from_iterator(
        lines,
        trainers.WordPieceTrainer(
            vocab_size=vocabulary, special_tokens=[PAD, UNKNOWN, BEGIN, END], show_progress=False
        ),
    )
    ends = [(end, core.token_to_id(end)) for end in (BEGIN, END)]
    core.post_processor = processors.TemplateProcessing(f"{BEGIN} $A {END}", None, ends)
    make: Any = PreTrainedTokenizerFast
    trained: PreTrainedTokenizerFast = make(
        tokenizer_object=core,
        pad_token=PAD,
        unk_token=UNKNOWN,
        bos_token=BEGIN,
        eos_token=END,
        model_max_length=LENGTH,
        clean_up_tokenization_spaces=False,
    )
    return trained


def encode(tokenizer: PreTrainedTokenizerFast, lines: list[str]) -> list[list[int]]:
    """Token ids as the pipeline makes them: cut and padded to LENGTH."""
    ids: list[list[int]] = tokenizer(lines, padding="max_length", max_length=LENGTH, truncation=True).input_ids
    return ids
