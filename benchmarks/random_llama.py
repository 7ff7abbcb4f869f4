"""A Llama with random weights: as much work as a trained one of its size, and made in a second."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from benchmarks import vocabulary

WINDOW = 2048


def make(folder: Path) -> None:
    """Save the model and its tokenizer: 30 million parameters in eight layers of 512, and 16,384 words."""
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary.SIZE,
            hidden_size=512,
            intermediate_size=1408,
            num_hidden_layers=8,
            num_attention_heads=8,
            num_key_value_heads=4,
            max_position_embeddings=WINDOW,
            tie_word_embeddings=True,
            # Large enough that an answer is not one word again and again.
            initializer_range=0.1,
            pad_token_id=0,
            bos_token_id=vocabulary.BEGIN,
            eos_token_id=vocabulary.END,
        )
    )
    with torch.no_grad():
        # Their logits are 0, which is never the greatest of so many: an answer has no end but its maximum length, and
        # consists of whole words.
        model.lm_head.weight[: len(vocabulary.SPECIAL) + vocabulary.BYTES] = 0
    model.save_pretrained(folder)
    _make_tokenizer().save_pretrained(folder)


def _make_tokenizer() -> PreTrainedTokenizerFast:
    merges = vocabulary.merges()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = [*vocabulary.SPECIAL, *alphabet, *(first + second for first, second in merges)]
    tokenizer = Tokenizer(models.BPE({piece: number for number, piece in enumerate(pieces)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    pad, begin, end, *roles = vocabulary.SPECIAL
    tokenizer.add_special_tokens(list(vocabulary.SPECIAL))
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=pad,
        bos_token=begin,
        eos_token=end,
        additional_special_tokens=roles,
        chat_template=vocabulary.TEMPLATE,
        model_max_length=WINDOW,
    )
