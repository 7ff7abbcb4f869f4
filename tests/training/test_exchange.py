"""Examples to files and back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain.generation import PromptMessage, Role
from bot.domain.messages import Picture
from bot.domain.training import Example, ExampleKind, ExampleSource
from bot.errors import StorageError
from bot.training.collecting import collect
from bot.training.exchange import export
from bot.training.imported import read_imported
from bot.training.importing import LONGEST_LINE, ExamplesRefused, import_
from storage.unit_of_work import SqlUnitOfWorkFactory
from tests.storage.builders import later, new_id
from tests.training.talk import GUILD, answered, learning, suggests, votes


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def written(path: Path, *lines: object) -> Path:
    """A file of these lines: texts as they are, values as JSON."""
    texts = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return path


async def imports(folder: Path, *lines: object) -> list[Example]:
    """What is kept of a file of these lines."""
    await import_(folder, written(folder / "given.jsonl", *lines))
    examples, damaged = read_imported(folder)
    assert damaged == 0
    return examples


# --- out ------------------------------------------------------------------------------------------------------------


async def test_what_may_be_learned_from_is_exported_in_trls_formats_with_its_origin(
    units: SqlUnitOfWorkFactory, tmp_path: Path
) -> None:
    liked = await answered(units, "One?")
    await votes(units, liked, good="lin")
    await votes(units, await answered(units, "Two?"), bad="lin")
    await suggests(units, await answered(units, "Three?"), "A frame.", at=9)
    await votes(units, await answered(units, "Four?", place=GUILD), good="lin")
    told: list[tuple[int, int]] = []

    exported = await export(
        units, learning(tmp_path), tmp_path / "out", on_progress=lambda done, total: told.append((done, total))
    )

    sft, kto, dpo = (tmp_path / "out" / f"{name}.jsonl" for name in ("sft", "kto", "dpo"))
    assert exported.files == {sft: 2, kto: 2, dpo: 1}
    assert exported.dropped == {"no_consent": 1}
    assert told[-1] == (5, 5)
    assert rows(sft)[0] == {
        "prompt": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "One?"}],
        "completion": [{"role": "assistant", "content": liked.text}],
        "source": "rating",
        "at": later(0).isoformat(),
        "turn": liked.id,
        "place": "web/home/general/",
        "rated_by": "web/lin",
        "people": ["web/ada", "web/lin"],
        "release": "writer@1a2b3c4d",
    }
    assert [row["label"] for row in rows(kto)] == [True, False]
    assert [(row["chosen"][0]["content"], row["rejected"][0]["content"]) for row in rows(dpo)] == [
        ("A frame.", liked.text)
    ]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["dpo.jsonl", "kto.jsonl", "sft.jsonl"]


async def test_ratings_of_pictures_are_exported_in_a_file_of_their_own(
    units: SqlUnitOfWorkFactory, tmp_path: Path
) -> None:
    for file, good, bad in (("1.png", "lin", ""), ("2.png", "", "lin"), ("3.png", "ada", "lin")):
        picture = Picture(new_id(), f"images/{file}", "a loom for bob@example.com", {"seed": 3})
        turn = await answered(units, origin="image", text="", pictures=(picture,), release="painter@1")
        await votes(units, turn, good=good, bad=bad)

    exported = await export(units, learning(tmp_path), tmp_path / "out")

    path = tmp_path / "out" / "pictures.jsonl"
    assert exported.files == {path: 2}
    assert [(row["prompt"], row["file"], row["parameters"], row["label"]) for row in rows(path)] == [
        ("a loom for <EMAIL_1>", "images/1.png", {"seed": 3}, True),
        ("a loom for <EMAIL_1>", "images/2.png", {"seed": 3}, False),
    ]
    assert rows(path)[0]["release"] == "painter@1"


async def test_a_picked_picture_is_exported_with_those_that_it_was_picked_over(
    units: SqlUnitOfWorkFactory, tmp_path: Path
) -> None:
    words = {"prompt": "a loom for bob@example.com", "negative": "Ada", "steps": 20}
    drawn = [Picture(new_id(), f"images/{seed}.png", "a loom", {**words, "seed": seed}) for seed in (3, 4, 5)]
    grid = await answered(units, origin="image", text="", pictures=tuple(drawn))
    shown = replace(drawn[1], id=new_id(), path="images/picked.png")
    picked = replace(grid, id=new_id(), pictures=(shown,), revises=grid.id, change="pick")
    async with units() as uow:
        await uow.turns.add(picked)
    await votes(units, picked, good="lin")

    await export(units, learning(tmp_path), tmp_path / "out")

    (row,) = rows(tmp_path / "out" / "pictures.jsonl")
    assert (row["file"], row["label"], row["parameters"]) == ("images/picked.png", True, {"steps": 20, "seed": 4})
    assert row["over"] == [
        {"file": "images/3.png", "parameters": {"steps": 20, "seed": 3}},
        {"file": "images/5.png", "parameters": {"steps": 20, "seed": 5}},
    ]


async def test_only_the_formats_asked_for_are_written(units: SqlUnitOfWorkFactory, tmp_path: Path) -> None:
    await votes(units, await answered(units), good="lin")

    assert list((await export(units, learning(tmp_path), tmp_path, formats=["kto"])).files) == [tmp_path / "kto.jsonl"]


async def test_a_folder_that_cannot_be_written_is_told(units: SqlUnitOfWorkFactory, tmp_path: Path) -> None:
    await votes(units, await answered(units), good="lin")
    (tmp_path / "file").touch()

    with pytest.raises(StorageError, match="cannot be written"):
        await export(units, learning(tmp_path), tmp_path / "file")


async def test_an_export_comes_back_as_the_same_examples(units: SqlUnitOfWorkFactory, tmp_path: Path) -> None:
    await votes(units, await answered(units, "One?"), good="lin", at=1)
    await suggests(units, await answered(units, "Two?"), "A frame.", at=2)
    before = await collect(units, learning(tmp_path))
    exported = await export(units, learning(tmp_path), tmp_path / "out")
    elsewhere = tmp_path / "elsewhere"

    for path in exported.files:
        await import_(elsewhere, path)

    after, _ = read_imported(elsewhere)
    assert {(each.kind, each.prompt, each.answer, each.rejected, each.good) for each in after} == {
        (each.kind, each.prompt, each.answer, each.rejected, each.good) for each in before.examples
    }
    assert {each.origin.source for each in after} == {ExampleSource.IMPORTED}
    assert {each.origin.people for each in after} == {each.origin.people for each in before.examples}


@pytest.mark.slow
async def test_trl_reads_what_is_exported(units: SqlUnitOfWorkFactory, tmp_path: Path) -> None:
    from trl.data_utils import is_conversational

    await votes(units, await answered(units, "One?"), good="lin")
    await suggests(units, await answered(units, "Two?"), "A frame.")

    exported = await export(units, learning(tmp_path), tmp_path / "out")

    assert [path.stem for path in exported.files] == ["sft", "kto", "dpo"]
    assert all(is_conversational(row) for path in exported.files for row in rows(path))


# --- in -------------------------------------------------------------------------------------------------------------

ASKED = [{"role": "user", "content": "织布机？"}]
SAID = [{"role": "assistant", "content": "A frame."}]
ALSO_SAID = [{"role": "assistant", "content": "No idea."}]


@pytest.mark.parametrize(
    ("line", "kind", "good", "rejected"),
    [
        ({"prompt": ASKED, "completion": SAID}, ExampleKind.DEMONSTRATION, True, ""),
        ({"prompt": "织布机？", "completion": "A frame."}, ExampleKind.DEMONSTRATION, True, ""),
        ({"messages": ASKED + SAID}, ExampleKind.DEMONSTRATION, True, ""),
        ({"prompt": ASKED, "completion": SAID, "label": True}, ExampleKind.VERDICT, True, ""),
        ({"prompt": "织布机？", "completion": "A frame.", "label": False}, ExampleKind.VERDICT, False, ""),
        ({"prompt": ASKED, "chosen": SAID, "rejected": ALSO_SAID}, ExampleKind.PAIR, True, "No idea."),
        ({"prompt": "织布机？", "chosen": "A frame.", "rejected": "No idea."}, ExampleKind.PAIR, True, "No idea."),
        ({"chosen": ASKED + SAID, "rejected": ASKED + ALSO_SAID}, ExampleKind.PAIR, True, "No idea."),
    ],
)
async def test_each_format_is_told_by_its_columns(
    tmp_path: Path, line: dict[str, Any], kind: ExampleKind, good: bool, rejected: str
) -> None:
    (example,) = await imports(tmp_path, line)

    assert (example.kind, example.good, example.rejected) == (kind, good, rejected)
    assert (example.prompt, example.answer) == ((PromptMessage(Role.USER, "织布机？"),), "A frame.")
    assert (example.origin.source, example.origin.people) == (ExampleSource.IMPORTED, ())


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{half a li", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("[1, 2]", "it is not an object in braces"),
        ("x" * (LONGEST_LINE + 5), "it is longer than"),
        ({"text": "words"}, 'it needs "prompt" and "completion"'),
        ({"prompt": "Q"}, 'it needs "prompt" and "completion"'),
        ({"completion": "A"}, '"prompt" must be a text or a list of messages'),
        ({"prompt": "", "completion": "A"}, '"prompt" holds no text'),
        ({"prompt": "Q", "completion": " "}, '"completion" holds no text'),
        ({"prompt": "Q", "completion": 5}, '"completion" must be a text or a list of messages'),
        ({"prompt": "Q", "completion": SAID + SAID}, '"completion" must hold one message'),
        ({"prompt": SAID, "completion": SAID}, "what is answered must end with a message of the user"),
        ({"prompt": ASKED, "completion": ASKED}, '"completion" must end with a message of the assistant'),
        ({"prompt": [{"role": "boss", "content": "Q"}], "completion": "A"}, 'needs a "role" of system, user'),
        ({"prompt": "Q", "completion": "A", "label": "yes"}, '"label" is neither true nor false'),
        ({"prompt": "Q", "chosen": "A", "rejected": "A"}, '"chosen" and "rejected" are the same'),
        ({"chosen": ASKED + SAID, "rejected": SAID}, "conversations with the same beginning"),
        ({"messages": SAID}, "what is answered must end with a message of the user"),
    ],
)
async def test_a_wrong_line_is_named_and_nothing_of_its_file_is_kept(tmp_path: Path, line: object, why: str) -> None:
    good = {"prompt": "Q", "completion": "A"}

    with pytest.raises(ExamplesRefused) as refused:
        await imports(tmp_path, good, line)

    assert "nothing of it is kept" in str(refused.value)
    assert "Line 2: " in str(refused.value)
    assert why in str(refused.value)
    assert list((tmp_path / "imported").iterdir()) == []


async def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"prompt": "\xff\xfe"}\n')

    with pytest.raises(ExamplesRefused, match="Line 1: it is not UTF-8"):
        await import_(tmp_path, tmp_path / "a.jsonl")
    with pytest.raises(StorageError, match="No such file"):
        await import_(tmp_path, tmp_path / "missing.jsonl")


async def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExamplesRefused, match="holds no examples"):
        await imports(tmp_path, "", "  ")


async def test_many_wrong_lines_are_counted(tmp_path: Path) -> None:
    with pytest.raises(ExamplesRefused) as refused:
        await imports(tmp_path, *["{"] * 50)

    assert str(refused.value).endswith("Line 20: it is not JSON.\nAnd 30 more lines.")


async def test_what_is_there_already_is_not_kept_twice_and_the_same_name_is_replaced(tmp_path: Path) -> None:
    one, two, three = ({"prompt": f"Q{number}", "completion": "A"} for number in range(3))
    first = await import_(tmp_path, written(tmp_path / "first.jsonl", one, two, two))
    second = await import_(tmp_path, written(tmp_path / "second.jsonl", two, three))
    again = await import_(tmp_path, written(tmp_path / "x.jsonl", one), name="../first set")

    assert (first.added, first.duplicates) == (2, 1)
    assert (second.added, second.duplicates) == (1, 1)
    assert again.path == tmp_path / "imported" / "first-set.jsonl"
    replaced = await import_(tmp_path, written(tmp_path / "first.jsonl", three))
    assert (replaced.added, replaced.duplicates) == (0, 1)
    assert first.path.read_text() == ""


async def test_a_long_file_is_read_a_portion_at_a_time(tmp_path: Path) -> None:
    path = written(tmp_path / "long.jsonl", *({"prompt": f"Q{number}", "completion": "A"} for number in range(1001)))
    told: list[tuple[int, int]] = []

    kept = await import_(tmp_path, path, on_progress=lambda done, total: told.append((done, total)))

    assert kept.added == 1001
    assert len(told) == 6
    assert told == sorted(told)
    assert told[-1] == (path.stat().st_size,) * 2
