"""A person's examples in the files of past runs and imports."""

from __future__ import annotations

from pathlib import Path

from bot.domain.training import Example, ExampleKind, ExampleSource, Origin
from bot.training.forgetting import TrainingFiles
from bot.training.rows import read_examples, write_examples
from tests.storage.builders import NOW
from tests.training.talk import prompt_for


def example(asks: str, *people: str, rated_by: str = "") -> Example:
    origin = Origin(ExampleSource.RATING, NOW, rated_by=rated_by, people=people)
    return Example(ExampleKind.VERDICT, prompt_for(asks), "A\u2028loom.", origin)


def kept(path: Path, *examples: Example, also: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(write_examples(examples) + also, encoding="utf-8")
    return path


def asked(path: Path) -> list[str]:
    return [each.prompt[-1].content for each in read_examples(path.read_text(encoding="utf-8"), path.name)]


async def test_a_persons_examples_go_from_all_files_and_the_runs_that_learned_from_them_are_told(
    tmp_path: Path,
) -> None:
    theirs, others = example("Theirs?", "web/ada", "web/lin"), example("Others?", "web/lin")
    voted = example("Voted?", "web/lin", rated_by="web/ada")
    learned = kept(tmp_path / "runs" / "r1" / "train.jsonl", theirs, others, voted)
    tested = kept(tmp_path / "runs" / "r2" / "heldout.jsonl", theirs, others)
    kept(tmp_path / "runs" / "r2" / "train.jsonl", others)
    imported = kept(tmp_path / "imported" / "a.jsonl", others, theirs)

    runs = await TrainingFiles(tmp_path).forget("web/ada")

    assert runs == ["r1"]
    assert asked(learned) == asked(tested) == asked(imported) == ["Others?"]
    assert await TrainingFiles(tmp_path).forget("web/ada") == []


async def test_files_without_the_person_are_not_touched(tmp_path: Path) -> None:
    path = kept(tmp_path / "runs" / "r1" / "train.jsonl", example("Others?", "web/lin"))
    before = path.stat().st_mtime_ns

    assert await TrainingFiles(tmp_path).forget("web/ada") == []
    assert path.stat().st_mtime_ns == before


async def test_a_damaged_line_goes_since_nobody_can_tell_whose_it_is(tmp_path: Path) -> None:
    path = kept(tmp_path / "runs" / "r1" / "train.jsonl", example("Others?", "web/lin"), also='{"prompt": [{"ro\n')

    assert await TrainingFiles(tmp_path).forget("web/ada") == []
    assert asked(path) == ["Others?"]


async def test_without_any_run_there_is_nothing_to_forget(tmp_path: Path) -> None:
    assert await TrainingFiles(tmp_path).forget("web/ada") == []
