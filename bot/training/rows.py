"""Examples and events as JSON: how they lie in a run's folder and travel from the worker."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from bot.domain.generation import PromptMessage, Role
from bot.domain.training import (
    Example,
    ExampleKind,
    ExampleSource,
    Figure,
    Origin,
    Sample,
    TrainingReport,
)


class CorruptExample(ValueError):
    """A line that holds no example. It names the file and the line, and nothing of the content."""

    def __init__(self, file: str, line: int) -> None:
        self.file, self.line = file, line
        super().__init__(f"{file}, line {line}, holds no example")


def write_examples(examples: Iterable[Example]) -> str:
    """A line for each example, with where it comes from."""
    return "".join(json.dumps(_row(example), ensure_ascii=False) + "\n" for example in examples)


def read_examples(text: str, file: str) -> tuple[Example, ...]:
    """The examples that `write_examples` wrote.

    Raises:
        CorruptExample: a line is none; `file` is what it calls the file.
    """
    examples = []
    # Not splitlines: texts hold line ends of their own, such as U+2028.
    for number, line in enumerate(text.removesuffix("\n").split("\n") if text else (), start=1):
        try:
            examples.append(_example(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError):
            # Without the cause: it would quote the line.
            raise CorruptExample(file, number) from None
    return tuple(examples)


def _row(example: Example) -> dict[str, Any]:
    origin = asdict(example.origin) | {"at": example.origin.at.isoformat()}
    prompt = [{"role": message.role.value, "content": message.content} for message in example.prompt]
    row = {"kind": example.kind.value, "prompt": prompt, "answer": example.answer}
    return row | {"good": example.good, "rejected": example.rejected, "origin": origin}


def _example(row: dict[str, Any]) -> Example:
    origin = row["origin"]
    return Example(
        kind=ExampleKind(row["kind"]),
        prompt=tuple(PromptMessage(Role(message["role"]), _text(message["content"])) for message in row["prompt"]),
        answer=_text(row["answer"]),
        good=bool(row["good"]),
        rejected=_text(row["rejected"]),
        origin=Origin(
            source=ExampleSource(origin["source"]),
            at=datetime.fromisoformat(origin["at"]),
            turn_id=origin["turn_id"],
            place=origin["place"],
            rated_by=origin["rated_by"],
            people=tuple(origin["people"]),
            release=origin["release"],
        ),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value


def write_report(report: TrainingReport) -> str:
    """A report as JSON."""
    return json.dumps(asdict(report), ensure_ascii=False, indent=1) + "\n"


def read_report(text: str) -> TrainingReport:
    """The report that `write_report` wrote.

    Raises:
        ValueError, KeyError, TypeError: it is none.
    """
    row = json.loads(text)
    row["figures"] = {name: Figure(**figure) for name, figure in row["figures"].items()}
    row["samples"] = tuple(Sample(**sample) for sample in row["samples"])
    row["failed_gates"] = tuple(row["failed_gates"])
    return TrainingReport(**row)
