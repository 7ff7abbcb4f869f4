"""What one rated answer teaches.

- A liked answer is a verdict and a demonstration; a disliked one a verdict alone, never a target.
- A suggested answer is a demonstration, and a pair over the answer that it corrects.
- An answer made anew and then liked is a pair over the nearest one before it that was disliked, or that nobody rated
  while the one who asked again likes the new one: asking again was the judgement. One that is then disliked is the
  lesser of a pair with a liked one before it.
- A text made from an answer (shorter, friendlier ...) is compared with it under the prompt that the first of them
  answers: that is what the person wanted said, and in this wording. Another language is another text.
- Several people on one answer make one example, by their majority, under the name of its first voter; when they are
  even there is none. An example each would let a much-read answer weigh by its readers, and stand on both sides of a
  test.

What is left out is counted by its reason, in votes and suggested answers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.domain.conversation import Turn, TurnStatus
from bot.domain.generation import PromptMessage, Role
from bot.domain.messages import Change
from bot.domain.ratings import Rating, Suggestion, Verdict
from bot.domain.training import Example, ExampleKind, ExampleSource, Origin
from bot.ports import RatedTurn
from bot.training.consent import Consent

# Answers to talk, and drafts. A summary's prompt holds what others said to each other, and other answers no words.
_TEACHING = ("chat", "write", "translate", "code")
_WORDINGS = frozenset({Change.SHORTER, Change.LONGER, Change.FORMAL, Change.FRIENDLY})
_COMMAND = re.compile(r"[/!][A-Za-z][\w-]*(?:\s.*)?")


@dataclass(frozen=True, slots=True)
class Earned:
    """The examples that stand or fall together: those of one answer's votes, or of one suggested answer.

    `names` are the names by which people in them were shown; `votes` how many votes or suggestions are behind them.
    """

    examples: tuple[Example, ...]
    names: tuple[str, ...] = ()
    votes: int = 1


class Earning:
    """Turns rated answers into examples, in the order of their ids: an answer is judged by those before it, too.

    `model` is the base model in service: answers of another are no example of how this one writes.
    """

    def __init__(self, consent: Consent, model: str, dropped: Counter[str]) -> None:
        self._consent = consent
        self._model = model
        self._dropped = dropped
        # Answers that were voted on, and those who dislike or like them, where they are the majority.
        self._disliked_by: dict[str, frozenset[str]] = {}
        self._liked_by: dict[str, frozenset[str]] = {}

    def earn(self, rated: RatedTurn) -> list[Earned]:
        """What an answer's votes and better answers teach."""
        reason = self._against_prompt(rated)
        if reason:
            self._dropped[reason] += len(rated.ratings) + len(rated.suggestions)
            return []
        flaw = self._against_answer(rated.turn)
        earned = [*self._of_votes(rated, flaw), *self._of_suggestions(rated, flaw)]
        names = tuple(sorted({name for shown in rated.people.values() for name in shown if name}))
        return [Earned(each.examples, names, each.votes) for each in earned]

    def _against_prompt(self, rated: RatedTurn) -> str:
        """Why nothing may be learned from a turn; empty when something may."""
        turn = rated.turn
        if not self._consent.is_given(rated.place):
            return "no_consent"
        if turn.status is TurnStatus.FORGOTTEN:
            return "forgotten"
        if turn.private:
            return "private"
        if turn.origin not in _TEACHING:
            return "summary" if turn.origin == "summarize" else "command"
        if not all(self._consent.is_given_by(person, rated.place) for person in _speakers(rated)):
            return "opted_out"
        if not turn.prompt:
            return "no_prompt"
        return "continuation" if turn.prompt[-1].role is not Role.USER else ""

    def _against_answer(self, turn: Turn) -> str:
        """Why the answer itself is no example; a better one may still be."""
        if turn.status is not TurnStatus.COMPLETE or not turn.text.strip():
            return "unfinished"
        family = (turn.release or "").partition("@")[0]
        return "other_model" if self._model and not _is_of(family, self._model) else ""

    # --- votes ------------------------------------------------------------------------------------------------------

    def _of_votes(self, rated: RatedTurn, flaw: str) -> Iterator[Earned]:
        votes = [vote for vote in rated.ratings if self._consent.is_given_by(vote.person, rated.place)]
        self._dropped["opted_out"] += len(rated.ratings) - len(votes)
        good = [vote for vote in votes if vote.verdict is Verdict.GOOD]
        bad = [vote for vote in votes if vote.verdict is Verdict.BAD]
        if votes:
            dislikers = frozenset(vote.person for vote in bad if len(bad) > len(good))
            self._disliked_by[rated.turn.id] = dislikers
            self._liked_by[rated.turn.id] = frozenset(vote.person for vote in good if len(good) > len(bad))
        if flaw or len(good) == len(bad):
            self._dropped[flaw or "even"] += len(votes)
            return
        agreeing, others = (good, bad) if len(good) > len(bad) else (bad, good)
        if agreeing is good and _is_cut_off(rated.turn):
            self._dropped["cut_off"] += len(votes)
            return
        self._dropped["outvoted"] += len(others)
        yield Earned(tuple(self._judged(rated, agreeing)), votes=len(agreeing))

    def _judged(self, rated: RatedTurn, votes: Sequence[Rating]) -> Iterator[Example]:
        """The examples of a majority's verdict."""
        turn, first = rated.turn, min(votes, key=lambda vote: (vote.rated_at, vote.person))
        assert turn.prompt is not None
        good = first.verdict is Verdict.GOOD
        people = {*_speakers(rated), *(vote.person for vote in votes)}
        origin = Origin(
            ExampleSource.RATING,
            first.rated_at,
            turn_id=turn.id,
            place=rated.place.key,
            rated_by=first.person,
            people=tuple(sorted(people)),
            release=turn.release,
        )
        yield Example(ExampleKind.VERDICT, turn.prompt, turn.text, origin, good=good)
        asked = _asked_of(turn, rated.beside)
        made_anew = replace(origin, source=ExampleSource.REGENERATED)
        if not good:
            better = self._better_before(rated)
            if better is not None:
                made_anew = replace(made_anew, people=tuple(sorted(people | self._liked_by[better.id])))
                yield Example(ExampleKind.PAIR, asked, better.text, made_anew, rejected=turn.text)
            return
        yield Example(ExampleKind.DEMONSTRATION, turn.prompt, turn.text, origin)
        lesser = self._lesser_before(rated, asked_again=any(vote.person == rated.asker for vote in votes))
        if lesser is not None:
            people |= self._disliked_by.get(lesser.id, frozenset())
            made_anew = replace(made_anew, people=tuple(sorted(people)))
            yield Example(ExampleKind.PAIR, asked, turn.text, made_anew, rejected=lesser.text)

    def _lesser_before(self, rated: RatedTurn, *, asked_again: bool) -> Turn | None:
        """The nearest answer to the same prompt before this one that people hold lesser."""
        for other in self._comparable(rated):
            dislikers = self._disliked_by.get(other.id)
            if asked_again if dislikers is None else bool(dislikers):
                return other
        return None

    def _better_before(self, rated: RatedTurn) -> Turn | None:
        """The nearest answer to the same prompt before this one that people like."""
        return next(
            (each for each in self._comparable(rated) if self._liked_by.get(each.id) and not _is_cut_off(each)), None
        )

    def _comparable(self, rated: RatedTurn) -> Iterator[Turn]:
        """The answers before this one to the same prompt: first the one that it was made from, then the nearest."""
        turn, asked = rated.turn, _asked_of(rated.turn, rated.beside)
        nearest = rated.beside[::-1]
        for other in sorted(nearest, key=lambda each: each.id != turn.revises):
            same = _asked_of(other, rated.beside) == asked and other.text != turn.text
            if same and not self._against_answer(other):
                yield other

    # --- better answers ---------------------------------------------------------------------------------------------

    def _of_suggestions(self, rated: RatedTurn, flaw: str) -> Iterator[Earned]:
        latest = {each.person: each for each in rated.suggestions}
        self._dropped["replaced"] += len(rated.suggestions) - len(latest)
        for better in latest.values():
            reason = self._against_suggestion(better, rated)
            if reason:
                self._dropped[reason] += 1
            else:
                yield Earned(tuple(_improved(better, rated, flaw)))

    def _against_suggestion(self, better: Suggestion, rated: RatedTurn) -> str:
        if not self._consent.is_given_by(better.person, rated.place):
            return "opted_out"
        if _COMMAND.fullmatch(better.text.strip()):
            return "command"
        return "unchanged" if better.text.strip() == rated.turn.text.strip() else ""


def _improved(better: Suggestion, rated: RatedTurn, flaw: str) -> Iterator[Example]:
    turn = rated.turn
    assert turn.prompt is not None
    origin = Origin(
        ExampleSource.SUGGESTION,
        better.suggested_at,
        turn_id=turn.id,
        place=rated.place.key,
        rated_by=better.person,
        people=tuple(sorted({*_speakers(rated), better.person})),
        release=turn.release,
    )
    yield Example(ExampleKind.DEMONSTRATION, turn.prompt, better.text, origin)
    if not flaw:
        yield Example(ExampleKind.PAIR, turn.prompt, better.text, origin, rejected=turn.text)


def _asked_of(turn: Turn, beside: Sequence[Turn]) -> tuple[PromptMessage, ...]:
    """The prompt that a turn's text answers: where it is another's text in other words, that one's."""
    known = {each.id: each for each in beside}
    first = turn
    while first.change in _WORDINGS and first.revises in known:
        first = known[first.revises]
    return (turn if first.change else first).prompt or ()


def _speakers(rated: RatedTurn) -> set[str]:
    """Whose words the example would hold."""
    return {*rated.people, *([rated.asker] if rated.asker else [])}


def _is_cut_off(turn: Turn) -> bool:
    """Whether the answer ended at its maximum length: learned from, it would teach to stop in the middle."""
    return turn.sampling is not None and turn.completion_tokens >= turn.sampling.max_tokens


def _is_of(family: str, model: str) -> bool:
    """Whether a release's name, without its fingerprint, is that of the base model or of a release trained on it."""
    return re.fullmatch(rf"{re.escape(model)}(?:-[0-9a-f]{{6}})?", family) is not None
