"""Retention, and the right to be forgotten.

A forgotten turn keeps its place in the tree and what says nothing of a person (role, release, token counts, timings),
so that branches and statistics hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, Table, case, delete, func, or_, select, true, update

from bot.domain.conversation import TurnStatus
from bot.domain.generation import Role
from bot.domain.keeping import Erased, Kept
from bot.domain.messages import Attachment, Picture
from storage.repositories.inbox import InboxState
from storage.repositories.values import OPEN, attachments_of, picture_of
from storage.tables import image, inbox, preference, rating, suggestion, turn, usage
from storage.transaction import Transaction

# A statement takes some 30,000 parameters at most, on either database.
_CHUNK = 5000


class SqlErasure:
    """`bot.ports.Erasure`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def kept_of(self, person: str) -> Kept:
        return Kept(
            turns=await self._count(turn, turn.c.author == person),
            ratings=await self._count(rating, rating.c.person == person),
            suggestions=await self._count(suggestion, suggestion.c.person == person),
        )

    async def forget(self, person: str) -> Erased:
        kept = await self.kept_of(person)
        await self._erase_prompts(person)
        attachments: list[Attachment] = []
        pictures: list[Picture] = []
        for ids in _chunks(await self._turns_about(person)):
            attachments += await self._attachments(turn.c.id.in_(ids))
            pictures += await self._pictures(image.c.turn_id.in_(ids))
            await self._empty_turns(ids)
        await self._empty_inbox(person)
        for table, owner in (
            (rating, rating.c.person),
            (suggestion, suggestion.c.person),
            (preference, preference.c.owner),
            (usage, usage.c.person),
        ):
            await self._transaction.execute(delete(table).where(owner == person))
        # What they set for a place is the place's, and stays; who set it does not.
        await self._transaction.execute(update(preference).where(preference.c.set_by == person).values(set_by=""))
        self._transaction.leaves_traces = True
        return Erased(kept.turns, kept.ratings, kept.suggestions, attachments, pictures)

    async def expire(self, before: datetime, *, limit: int = 500) -> Erased:
        roots = await self._expired_roots(before, limit)
        if not roots:
            return Erased(turns=0)
        expired = select(turn.c.id).where(turn.c.root_id.in_(roots)).scalar_subquery()
        attachments = await self._attachments(turn.c.root_id.in_(roots))
        pictures = await self._pictures(image.c.turn_id.in_(expired))
        ratings = await self._count(rating, rating.c.turn_id.in_(expired))
        suggestions = await self._count(suggestion, suggestion.c.turn_id.in_(expired))
        of_expired = or_(inbox.c.answer_id.in_(expired), inbox.c.question_id.in_(expired))
        await self._transaction.execute(delete(inbox).where(of_expired))
        # Everything else that belongs to a turn goes with it, by its foreign key.
        gone = await self._transaction.execute(delete(turn).where(turn.c.root_id.in_(roots)))
        return Erased(gone.rowcount, ratings, suggestions, attachments, pictures)

    async def _count(self, table: Table, condition: ColumnElement[bool]) -> int:
        count = await self._transaction.execute(select(func.count()).select_from(table).where(condition))
        return int(count.scalar_one())

    async def _turns_about(self, person: str) -> Sequence[str]:
        """The person's turns, the answers to them, and what continues those answers."""
        about = select(turn.c.id).where(turn.c.author == person).cte("about", recursive=True)
        answers = select(turn.c.id).join(about, turn.c.parent_id == about.c.id).where(turn.c.role == Role.ASSISTANT)
        rows = await self._transaction.execute(select(about.union(answers).c.id))
        return list(rows.scalars())

    async def _erase_prompts(self, person: str) -> None:
        """A prompt repeats its branch, and a thread's branch may begin in another conversation: both ways are gone."""
        took_part: Select[tuple[str, str]] = select(turn.c.root_id, turn.c.conversation_id).where(
            turn.c.author == person
        )
        taken = took_part.cte("took_part")
        await self._transaction.execute(
            update(turn)
            .where(
                or_(
                    turn.c.root_id.in_(select(taken.c.root_id)),
                    turn.c.conversation_id.in_(select(taken.c.conversation_id)),
                )
            )
            .values(prompt=None, prompt_erased=case((turn.c.status.in_(OPEN), true()), else_=turn.c.prompt_erased))
        )

    async def _attachments(self, condition: ColumnElement[bool]) -> list[Attachment]:
        rows = await self._transaction.execute(select(turn.c.attachments).where(condition))
        return [attachment for stored in rows.scalars() for attachment in attachments_of(stored)]

    async def _pictures(self, condition: ColumnElement[bool]) -> list[Picture]:
        rows = await self._transaction.execute(select(image).where(condition).order_by(image.c.id))
        return [picture_of(row) for row in rows]

    async def _empty_turns(self, ids: Sequence[str]) -> None:
        await self._transaction.execute(delete(image).where(image.c.turn_id.in_(ids)))
        await self._transaction.execute(
            update(turn)
            .where(turn.c.id.in_(ids))
            .values(
                status=TurnStatus.FORGOTTEN,
                author="",
                author_name="",
                text="",
                note="",
                sampling=None,
                attachments=[],
                picture_count=0,
            )
        )

    async def _empty_inbox(self, person: str) -> None:
        """Their events stay known by identity, so that one delivered again is not answered after all."""
        await self._transaction.execute(
            update(inbox)
            .where(inbox.c.person == person)
            .values(person="", ask=None, state=InboxState.DONE, owner=None, held_until=None)
        )

    async def _expired_roots(self, before: datetime, limit: int) -> Sequence[str]:
        """Roots of the oldest trees without a turn since then, as many as hold about `limit` turns, at least one."""
        tree = turn.alias("tree")
        of_tree = tree.c.root_id == turn.c.id
        alive = select(tree.c.id).where(of_tree, tree.c.created_at >= before).exists()
        size = select(func.count()).select_from(tree).where(of_tree).scalar_subquery()
        rows = await self._transaction.execute(
            select(turn.c.id, size.label("size"))
            .where(turn.c.parent_id.is_(None), turn.c.created_at < before, ~alive)
            .order_by(turn.c.created_at)
            .limit(min(limit, _CHUNK))
        )
        roots: list[str] = []
        turns = 0
        for row in rows:
            if roots and turns + row.size > limit:
                break
            roots.append(row.id)
            turns += row.size
        return roots


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]
