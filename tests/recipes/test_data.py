from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from recipes import data, lists, prompts
from recipes.errors import BadData


def test_records_are_read_in_order(data_folder: Path) -> None:
    records = list(data.read_records(data_folder, data.PRETRAIN))
    assert len(records) == 80
    assert records[0]["source"] == "tests"


def test_a_truncated_file_is_named_with_both_checksums(data_folder: Path) -> None:
    path = data_folder / data.CONVERSATIONS
    wanted = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(path.read_bytes()[:-20])
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(BadData, match=f"sft.jsonl.xz is truncated.*{found}.*{wanted}"):
        list(data.read_records(data_folder, data.CONVERSATIONS))


def test_a_missing_file_is_named_with_its_checksum(data_folder: Path) -> None:
    path = data_folder / data.PRETRAIN
    wanted = hashlib.sha256(path.read_bytes()).hexdigest()
    path.unlink()
    with pytest.raises(BadData, match=f"pretrain.jsonl.xz is missing.*{wanted}"):
        data.verified(data_folder, data.PRETRAIN)


def test_a_folder_without_checksums_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="SHA256SUMS is missing"):
        data.verified(tmp_path, data.PRETRAIN)


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("秋水共长天一色", True),
        ("say 你好 to everybody in the room", False),
        ("用 Python 写诗，真好玩", True),
        ("", False),
    ],
)
def test_the_language_of_a_text(text: str, chinese: bool) -> None:
    assert data.is_chinese(text) is chinese


def test_weights_take_the_first_source_that_matches() -> None:
    assert prompts.weight("write", "openstax-psychology") == prompts.WEIGHTS["write", "openstax"]
    assert prompts.weight("rewrite", "own-templates+stories") < prompts.weight("rewrite", "own-templates")
    assert prompts.weight("title", "anything") == prompts.WEIGHTS["title", ""]


def test_made_lists_hold_items_of_their_topic_only() -> None:
    records = lists.conversations(seed=1, each=3)
    assert len(records) == 3 * (len(lists.POOLS_EN) + len(lists.POOLS_ZH))
    items = records[0]["messages"][1]["content"].split("\n")
    pool = next(iter(lists.POOLS_EN.values())).split("|")
    assert {item[2:].lower() for item in items} <= {item.lower() for item in pool}
    assert len(set(items)) == len(items)
