"""What is shown of an answer in its last state, and what can be pressed under it."""

from __future__ import annotations

import re

from bot.domain.conversation import Turn, TurnStatus
from bot.domain.generation import PainterTraits
from bot.domain.messages import Answer, Change, Control

# The origins of texts that people mean to use elsewhere, and of those whose wording can be changed.
USABLE = frozenset({"write", "translate", "code"})
DRAFTS = USABLE - {"code"}

_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN_WORD = re.compile(r"[A-Za-z]+")


def answer_of(turn: Turn, painter: PainterTraits | None = None, *, direct: bool = False) -> Answer:
    """A turn in its last state, as platforms show it. `direct`: in a conversation of two, where nobody is told more."""
    changes = changes_under(turn, painter)
    controls = controls_under(turn, direct=direct)
    return Answer(turn.text, turn.note, turn.pictures, controls, changes, turn.private)


def controls_under(turn: Turn, *, direct: bool = False) -> frozenset[Control]:
    """Made answers are rated and made again; written ones are improved upon, and continued when they broke off.

    A picture is picked from several. Drafts, and what only the asker sees, can be posted for all.
    """
    if not _is_made(turn):
        return frozenset({Control.REGENERATE}) if turn.status is TurnStatus.FAILED else frozenset()
    controls = {Control.RATE, Control.REGENERATE}
    if turn.text:
        controls.add(Control.SUGGEST)
    if _broke_off(turn) and turn.text and not turn.aside:
        controls.add(Control.CONTINUE)
    if len(turn.pictures) > 1:
        controls.add(Control.PICK)
    if turn.text and (turn.origin in USABLE or (turn.private and not direct)):
        controls.add(Control.SHARE)
    return frozenset(controls)


def changes_under(turn: Turn, painter: PainterTraits | None = None) -> tuple[Change, ...]:
    """The changes that can be ordered of an answer: a draft's wording and language, a picture's details and motion.

    What a `painter` cannot do is not offered; None: it is not known what it can do.
    """
    if not _is_made(turn) or turn.status is TurnStatus.FAILED:
        return ()
    if turn.origin == "image":
        return _picture_changes(turn, painter) if _is_one_still(turn) else ()
    if turn.origin not in DRAFTS or not turn.text:
        return ()
    other = Change.ENGLISH if _is_mostly_chinese(turn.text) else Change.CHINESE
    return (Change.SHORTER, Change.LONGER, Change.FORMAL, Change.FRIENDLY, other)


def _is_made(turn: Turn) -> bool:
    """Whether a model made it; what was only said, refused or forgotten offers nothing."""
    return turn.release is not None and turn.status not in (TurnStatus.REFUSED, TurnStatus.FORGOTTEN)


def _broke_off(turn: Turn) -> bool:
    at_limit = turn.sampling is not None and turn.completion_tokens >= turn.sampling.max_tokens
    return at_limit or turn.status in (TurnStatus.STOPPED, TurnStatus.INTERRUPTED)


def _is_one_still(turn: Turn) -> bool:
    return len(turn.pictures) == 1 and turn.pictures[0].media_type == "image/png"


def _picture_changes(turn: Turn, painter: PainterTraits | None) -> tuple[Change, ...]:
    # A varied picture is not what its seed alone draws, so a walk could not begin with it.
    varied = "strength" in turn.pictures[0].parameters
    offered = {
        Change.VARY: painter is None or painter.varies,
        Change.ANIMATE: not varied and (painter is None or painter.animates),
    }
    return tuple(change for change, is_possible in offered.items() if is_possible)


def _is_mostly_chinese(text: str) -> bool:
    return len(_HAN.findall(text)) > len(_LATIN_WORD.findall(text))
