"""What made an answer's pictures, in the fewest lines: what holds for all of them once, what differs by number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.domain.messages import Picture


def captions(pictures: Sequence[Picture]) -> list[str]:
    """The lines beneath the pictures; none where nothing is known of how they were made."""
    if not pictures:
        return []
    first, *others = pictures
    shared = {
        name: value
        for name, value in first.parameters.items()
        if all(other.parameters.get(name) == value for other in others)
    }
    lines = [_told(shared.items())]
    for number, picture in enumerate(pictures, 1):
        own = _told((name, value) for name, value in picture.parameters.items() if name not in shared)
        lines.append(f"{number}: {own}" if own else "")
    return [line for line in lines if line]


def _told(parameters: Iterable[tuple[str, object]]) -> str:
    return " · ".join(f"{name} {value}" for name, value in parameters)
