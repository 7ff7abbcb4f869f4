from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.training import Figure, Sample, TrainingReport
from bot.training.folder import RunFolder
from bot.training.provenance import strip_all, strip_words
from bot.training.rows import CorruptExample, read_examples, read_report, write_examples, write_report
from tests.training.toys import DISLIKED, begin, pair, votes

REPORT = TrainingReport(
    passed=False,
    failed_gates=("gate.ranking_gain",),
    figures={"ranking_gain": Figure(0.1, -0.05, 0.2), "seconds": Figure(12.5)},
    samples=(Sample("你好", "before", "after"),),
    weights="runs/1/weights",
    fingerprint="ab" * 32,
    data_fingerprint="cd" * 32,
    used={"verdict": 35},
)


def test_examples_come_back_as_they_went() -> None:
    examples = (*votes(3), pair(7))

    assert read_examples(write_examples(examples), "train.jsonl") == examples


def test_a_report_comes_back_as_it_went() -> None:
    assert read_report(write_report(REPORT)) == REPORT


@pytest.mark.parametrize("line", ["{", "[]", '{"kind": "verdict"}', '"text"', ""])
def test_a_damaged_line_is_named_and_not_quoted(line: str) -> None:
    text = write_examples(votes(2)) + line + "\n"

    with pytest.raises(CorruptExample, match=r"train\.jsonl, line 3") as caught:
        read_examples(text, "train.jsonl")

    assert caught.value.__cause__ is None


def test_a_folder_without_a_report_did_not_come_to_its_end(tmp_path: Path) -> None:
    folder = begin(tmp_path, tmp_path, votes(50))

    assert folder.report() is None
    folder.finish(REPORT)
    assert folder.report() == REPORT


def test_weights_are_there_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = begin(tmp_path, tmp_path, votes(50))

    def break_off(part: Path) -> None:
        part.mkdir()
        (part / "adapter_config.json").write_text("{")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        folder.keep_weights(break_off)

    assert not folder.weights.exists()


def test_words_go_when_a_run_has_ended_and_origins_stay(tmp_path: Path) -> None:
    folder = begin(tmp_path, tmp_path, votes(50))

    strip_words(folder)
    strip_all(tmp_path)

    left = (folder.path / "train.jsonl").read_text() + (folder.path / "heldout.jsonl").read_text()
    assert "greet" not in left
    assert DISLIKED not in left
    assert left.count("turn-") == left.count("web/ana") // 2 == left.count("sha256") == 50


def test_no_words_outlive_a_killed_run(tmp_path: Path) -> None:
    folder = begin(tmp_path, tmp_path, votes(50))
    (folder.path / "report.json").unlink(missing_ok=True)

    strip_all(folder.path.parent)

    assert "greet" not in (RunFolder(folder.path).path / "train.jsonl").read_text()
