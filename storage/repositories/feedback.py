"""What people made of answers, read for learning, with everything that decides on consent."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import RowMapping, Text, and_, func, or_, select, type_coerce

from bot.domain.conversation import Conversation, Turn
from bot.domain.generation import PromptMessage, Role
from bot.domain.messages import Picture
from bot.domain.ratings import Rating, Suggestion
from bot.ports import RatedTurn
from storage.repositories.ratings import SqlRatings
from storage.repositories.values import conversation_of, picture_of, turn_of
from storage.tables import conversation, image, inbox, rating, suggestion, turn
from storage.transaction import Transaction

T = TypeVar("T", Rating, Suggestion)

# Rows before others have their turn on the event loop.
_PORTION = 500
# The prompt as it is stored.
_COLUMNS = [
    *(column for column in turn.c if column.name not in ("prompt", "prompt_erased")),
    type_coerce(turn.c.prompt, Text).label("prompt"),
]


class SqlFeedback:
    """`bot.ports.Feedback`. A page of turns takes eight statements, however many there are."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._ratings = SqlRatings(transaction)

    async def rated_turns(self, *, pictures: bool = False, after: str = "", limit: int = 200) -> Sequence[RatedTurn]:
        turns = await self._earning(pictures, after, limit)
        if not turns:
            return []
        ids = [each.id for each in turns]
        places = await self._conversations({each.conversation_id for each in turns})
        askers = await self._askers(ids)
        people = await self._people(ids)
        beside = await self._beside(turns)
        votes = _by_turn(await self._ratings.of_turns(ids))
        better = _by_turn(await self._ratings.suggestions_of(ids))
        return [
            RatedTurn(
                turn=each,
                place=places[each.conversation_id].place,
                asker=askers.get(each.id, ""),
                people=people.get(each.id, {}),
                beside=tuple(other for other in beside.get(each.parent_id, ()) if other.id < each.id),
                ratings=tuple(votes[each.id]),
                suggestions=tuple(better[each.id]),
            )
            for each in turns
        ]

    async def votes_since(self, moment: datetime) -> int:
        count = select(func.count()).select_from(rating).where(rating.c.rated_at >= moment)
        return int((await self._transaction.execute(count)).scalar_one())

    async def _earning(self, pictures: bool, after: str, limit: int) -> list[Turn]:
        voted = select(rating.c.turn_id).where(rating.c.turn_id == turn.c.id).exists()
        improved = select(suggestion.c.turn_id).where(suggestion.c.turn_id == turn.c.id).exists()
        shows = turn.c.picture_count > 0
        rows = await self._transaction.execute(
            select(*_COLUMNS)
            .where(turn.c.id > after, shows if pictures else ~shows, or_(voted, improved))
            .order_by(turn.c.id)
            .limit(limit)
        )
        found = list(rows.mappings())
        shown = await self._pictures([row["id"] for row in found]) if pictures else {}
        return [turn_of(_readable(row), shown.get(row["id"], ())) for row in found]

    async def _pictures(self, ids: Sequence[str]) -> Mapping[str, Sequence[Picture]]:
        rows = await self._transaction.execute(
            select(image).where(image.c.turn_id.in_(ids)).order_by(image.c.turn_id, image.c.position)
        )
        pictures: dict[str, list[Picture]] = defaultdict(list)
        for row in rows:
            pictures[row.turn_id].append(picture_of(row))
        return pictures

    async def _conversations(self, ids: Iterable[str]) -> Mapping[str, Conversation]:
        rows = await self._transaction.execute(select(conversation).where(conversation.c.id.in_(sorted(ids))))
        return {row.id: conversation_of(*tuple(row)) for row in rows}

    async def _askers(self, ids: Sequence[str]) -> Mapping[str, str]:
        """By answer, who asked for it: of one made anew, who pressed; else the author of the question."""
        question = turn.alias("question")
        rows = await self._transaction.execute(
            select(turn.c.id, inbox.c.person, question.c.author)
            .outerjoin(inbox, and_(inbox.c.answer_id == turn.c.id, inbox.c.person != ""))
            .outerjoin(question, question.c.id == turn.c.parent_id)
            .where(turn.c.id.in_(ids))
        )
        return {row.id: row.person or row.author or "" for row in rows}

    async def _people(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """By turn, the keys and names of those who spoke in its branch.

        The branches are read together, so that what many of them share is read once; a parent's id comes before its
        children's.
        """
        columns = (turn.c.id, turn.c.parent_id, turn.c.role, turn.c.author, turn.c.author_name)
        branch = select(*columns).where(turn.c.id.in_(ids)).cte("branch", recursive=True)
        branch = branch.union(select(*columns).join(branch, turn.c.id == branch.c.parent_id))
        rows = await self._transaction.execute(select(branch).order_by(branch.c.id))
        people: dict[str, Mapping[str, tuple[str, ...]]] = {}
        for number, row in enumerate(rows):
            if number % _PORTION == 0:
                await asyncio.sleep(0)
            before = people.get(row.parent_id, {})
            names = before.get(row.author, ())
            is_new = row.role == Role.USER and row.author and row.author_name not in names
            people[row.id] = {**before, row.author: (*names, row.author_name)} if is_new else before
        return {each: people[each] for each in ids}

    async def _beside(self, turns: Sequence[Turn]) -> Mapping[str | None, Sequence[Turn]]:
        """By question, all its answers, oldest first."""
        questions = sorted({each.parent_id for each in turns if each.parent_id})
        asked_again = (
            select(turn.c.parent_id)
            .where(turn.c.parent_id.in_(questions), turn.c.role == Role.ASSISTANT)
            .group_by(turn.c.parent_id)
            .having(func.count() > 1)
        )
        rows = await self._transaction.execute(
            select(*_COLUMNS)
            .where(turn.c.parent_id.in_(asked_again), turn.c.role == Role.ASSISTANT, turn.c.picture_count == 0)
            .order_by(turn.c.id)
        )
        answers: dict[str | None, list[Turn]] = defaultdict(list)
        for row in rows.mappings():
            answers[row["parent_id"]].append(turn_of(_readable(row), ()))
        return answers


def _readable(row: RowMapping) -> dict[str, Any]:
    """The row with its prompt, or with none where that is damaged: one turn less to learn from, not all of them."""
    try:
        prompt = json.loads(row["prompt"] or "null")
        [PromptMessage(Role(each["role"]), each["content"]) for each in prompt or ()]
    except (ValueError, KeyError, TypeError):
        prompt = None
    return {**row, "prompt": prompt}


def _by_turn(values: Iterable[T]) -> Mapping[str, list[T]]:
    by_turn: dict[str, list[T]] = defaultdict(list)
    for value in values:
        by_turn[value.turn_id].append(value)
    return by_turn
