"""A data folder and a tokenizer of the tests' own, small enough to train within a second."""

from __future__ import annotations

import hashlib
import json
import lzma
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedTokenizerFast, Qwen3ForCausalLM

from recipes import data, model, tokenizer

ENGLISH = "The small fox went to the river and said good morning to the old boat. It was bright, and it didn't rain."
CHINESE = "落霞与孤鹜齐飞，秋水共长天一色。星空之下，我们都是旅人。"


def write_records(folder: Path, name: str, records: list[data.Record]) -> None:
    """A packed file, listed in SHA256SUMS."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(lzma.compress("".join(json.dumps(r) + "\n" for r in records).encode()))
    with (folder / "SHA256SUMS").open("a", encoding="utf-8") as sums:
        sums.write(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n")


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """The system lets no file grow beyond so many bytes, as if the disk ended there."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


def conversation(asked: str, answered: str, **more: str) -> data.Record:
    messages = [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
    return {"messages": messages, "task": "chat", "source": "tests"} | more


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    texts = [f"{ENGLISH} {number}" for number in range(40)] + [f"{CHINESE}{number}" for number in range(40)]
    plain = [{"text": text, "source": "tests"} for text in texts]
    log = "Summarize this conversation:\nann: is it ready?\nbob: yes\nann: great\nbob: I will ship it"
    talks = [conversation(f"hello {n}", "Hi! How are you?") for n in range(30)]
    talks += [conversation(f"你好{n}", "你好！有什么可以帮你？") for n in range(30)]
    other = [
        conversation(log, "Bob will ship it.", task="summarize", source="own-templates"),
        conversation("Write a note", "A note.", task="write"),
        conversation("写诗", "秋水共长天", task="poem"),
    ]
    write_records(folder, data.PRETRAIN, plain)
    write_records(folder, data.PRETRAIN_HELDOUT, [plain[0], plain[-1]])
    write_records(folder, data.CONVERSATIONS, talks + other)
    write_records(folder, data.CONVERSATIONS_HELDOUT, talks[:2] + other)
    return folder


@pytest.fixture(scope="session")
def words() -> PreTrainedTokenizerFast:
    return tokenizer.train([ENGLISH, CHINESE] * 20, tokenizer.TokenizerRecipe(vocab=600, han_seen=10))


@pytest.fixture
def tiny(words: PreTrainedTokenizerFast) -> Qwen3ForCausalLM:
    torch.set_num_threads(1)
    return model.build(model.SIZES["tiny"], words, seed=3)
