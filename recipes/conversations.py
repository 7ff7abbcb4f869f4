"""The conversations a writer is trained on, as token ids: our own system prompts and other names in a share of them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

from transformers import PreTrainedTokenizerFast

from recipes import data, lists, prompts, renaming
from recipes.data import Record
from recipes.packing import Document
from recipes.tokenizer import BOS, CONTEXT, END, ROLES, clean


def with_system_prompt(messages: list[Record], chance: random.Random) -> list[Record]:
    """The conversation, headed by one of our system prompts in a share of the cases where it had none."""
    if messages[0]["role"] == "system" or chance.random() >= prompts.SYSTEM_SHARE:
        return messages
    choices = prompts.SYSTEM_ZH if data.is_chinese(messages[-1]["content"]) else prompts.SYSTEM_EN
    return [{"role": "system", "content": chance.choice(choices)}, *messages]


def pieces_of(messages: Iterable[Record]) -> list[tuple[str, bool]]:
    """The chat template's text in pieces, each with whether it is the assistant's.

    The assistant's are its words and the end token after them, not the role token before.
    """
    pieces = [(BOS, False)]
    for message in messages:
        said = message["role"] == "assistant"
        pieces += [(ROLES[message["role"]], False), (clean(message["content"]), said), (END, said)]
    return pieces


def encode(conversations: list[list[Record]], tokenizer: PreTrainedTokenizerFast) -> list[tuple[list[int], list[bool]]]:
    """Token ids of each conversation, as the chat template gives them, and which of them are the assistant's."""
    everything = [pieces_of(messages) for messages in conversations]
    texts = [text for pieces in everything for text, _ in pieces]
    encoded = iter(tokenizer.backend_tokenizer.encode_batch_fast(texts, add_special_tokens=False))
    result = []
    for pieces in everything:
        ids: list[int] = []
        assistant: list[bool] = []
        for _, said in pieces:
            piece = next(encoded).ids
            ids += piece
            assistant += [said] * len(piece)
        result.append((ids, assistant))
    return result


def documents(folder: Path, tokenizer: PreTrainedTokenizerFast, seed: int) -> list[Document]:
    """The conversations that fit the context, with loss on the assistant's words, and how often each is dealt."""
    records, chance = [*data.read_records(folder, data.CONVERSATIONS), *lists.conversations(seed)], random.Random(seed)
    others = renaming.Renaming(renaming.speakers(records))
    ready = [with_system_prompt(others.sometimes(record, chance), chance) for record in records]
    return [
        (ids, assistant, prompts.weight(record["task"], record["source"]))
        for record, (ids, assistant) in zip(records, encode(ready, tokenizer), strict=True)
        if len(ids) <= CONTEXT
    ]
