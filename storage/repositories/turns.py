"""Conversations and the trees of their turns.

Only `get` reads a turn's prompt: each prompt repeats the window that it was written from, so that the prompts of a long
path would weigh many times what it says.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Executable, case, delete, func, insert, literal, null, select, update

from bot.domain.conversation import Conversation, Turn, TurnStatus
from bot.domain.generation import Role
from bot.domain.messages import Picture
from bot.domain.places import Place, Platform
from bot.ports import NewId
from storage.columns import Json
from storage.repositories.values import OPEN, conversation_of, fields_of, picture_of, turn_of
from storage.tables import conversation, image, inbox, turn, usage
from storage.transaction import Transaction

_WITHOUT_PROMPT = [column for column in turn.c if column.name not in ("prompt", "prompt_erased")]
# Rows that become turns before others have their turn on the event loop.
_PORTION = 50


class SqlTurns:
    """`bot.ports.Turns`. Ids sort by time, so they also tell which turn came first."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def conversation_of(self, place: Place, new_id: NewId, now: datetime) -> Conversation:
        found = await self.find_conversation(place)
        if found is not None:
            return found
        made = self._transaction.insert(conversation).values(
            id=new_id(),
            place_key=place.key,
            platform=place.platform,
            workspace=place.workspace,
            channel=place.channel,
            thread=place.thread,
            kind=place.kind,
            created_at=now,
        )
        await self._transaction.execute(made.on_conflict_do_nothing(index_elements=[conversation.c.place_key]))
        rows = await self._transaction.execute(select(conversation).where(conversation.c.place_key == place.key))
        return conversation_of(rows.one())

    async def conversation(self, conversation_id: str) -> Conversation | None:
        rows = await self._transaction.execute(select(conversation).where(conversation.c.id == conversation_id))
        row = rows.one_or_none()
        return None if row is None else conversation_of(row)

    async def find_conversation(self, place: Place) -> Conversation | None:
        rows = await self._transaction.execute(select(conversation).where(conversation.c.place_key == place.key))
        row = rows.one_or_none()
        return None if row is None else conversation_of(row)

    async def conversations(self, platform: Platform) -> Sequence[Conversation]:
        latest = select(func.max(turn.c.id)).where(turn.c.conversation_id == conversation.c.id).scalar_subquery()
        rows = await self._transaction.execute(
            select(conversation)
            .where(conversation.c.platform == platform)
            .order_by(func.coalesce(latest, conversation.c.id).desc())
        )
        return [conversation_of(row) for row in rows]

    async def add(self, *turns: Turn) -> None:
        roots = await self._roots_of({each.parent_id for each in turns if each.parent_id is not None})
        rows = []
        for each in turns:
            roots[each.id] = each.id if each.parent_id is None else roots[each.parent_id]
            rows.append(_row_of(each, roots[each.id]))
        await self._transaction.execute(insert(turn), rows)
        for each in turns:
            await self._add_pictures(each)

    async def get(self, turn_id: str) -> Turn | None:
        turns = await self._read(select(turn).where(turn.c.id == turn_id))
        return turns[0] if turns else None

    async def update(self, turn: Turn) -> None:
        if turn.is_by_bot and not turn.status.is_open and await self._replace(turn, OPEN):
            await self._count_usage(turn)
            return
        await self._replace(turn, [status for status in TurnStatus if status is not TurnStatus.FORGOTTEN])

    async def path(self, turn_id: str, *, limit: int = 1000) -> Sequence[Turn]:
        branch = (
            select(turn.c.id, turn.c.parent_id, literal(1).label("depth"))
            .where(turn.c.id == turn_id)
            .cte("branch", recursive=True)
        )
        above = select(turn.c.id, turn.c.parent_id, branch.c.depth + 1).join(branch, turn.c.id == branch.c.parent_id)
        branch = branch.union_all(above.where(branch.c.depth < limit))
        return await self._read(
            select(*_WITHOUT_PROMPT).join(branch, turn.c.id == branch.c.id).order_by(branch.c.depth.desc())
        )

    async def latest(self, conversation_id: str) -> Turn | None:
        turns = await self._read(
            select(*_WITHOUT_PROMPT)
            .where(turn.c.conversation_id == conversation_id, turn.c.aside.is_(False))
            .order_by(turn.c.id.desc())
            .limit(1)
        )
        return turns[0] if turns else None

    async def children(self, turn_id: str) -> Sequence[Turn]:
        return await self._read(select(*_WITHOUT_PROMPT).where(turn.c.parent_id == turn_id).order_by(turn.c.id))

    async def in_conversation(
        self, conversation_id: str, *, before: str | None = None, limit: int = 200
    ) -> Sequence[Turn]:
        turns = select(*_WITHOUT_PROMPT).where(turn.c.conversation_id == conversation_id)
        if before is not None:
            turns = turns.where(turn.c.id < before)
        newest_first = await self._read(turns.order_by(turn.c.id.desc()).limit(limit))
        return newest_first[::-1]

    async def _read(self, statement: Executable) -> list[Turn]:
        """The turns of a statement's rows, made in portions: the event loop must not wait for a thousand of them."""
        result = await self._transaction.execute(statement)
        turns: list[Turn] = []
        for rows in result.mappings().partitions(_PORTION):
            pictures = await self._pictures_of([row["id"] for row in rows if row["role"] == Role.ASSISTANT])
            turns += [turn_of(row, pictures.get(row["id"], ())) for row in rows]
            await asyncio.sleep(0)
        return turns

    async def _pictures_of(self, turn_ids: Sequence[str]) -> Mapping[str, Sequence[Picture]]:
        pictures: dict[str, list[Picture]] = defaultdict(list)
        if turn_ids:
            rows = await self._transaction.execute(
                select(image).where(image.c.turn_id.in_(turn_ids)).order_by(image.c.turn_id, image.c.position)
            )
            for row in rows:
                pictures[row.turn_id].append(picture_of(row))
        return pictures

    async def _add_pictures(self, turn: Turn) -> None:
        for position, picture in enumerate(turn.pictures):
            await self._transaction.execute(
                insert(image).values(
                    id=picture.id,
                    turn_id=turn.id,
                    position=position,
                    file=picture.path,
                    alt=picture.alt,
                    parameters=dict(picture.parameters),
                )
            )

    async def _roots_of(self, turn_ids: set[str]) -> dict[str, str]:
        if not turn_ids:
            return {}
        rows = await self._transaction.execute(select(turn.c.id, turn.c.root_id).where(turn.c.id.in_(turn_ids)))
        return {row.id: row.root_id for row in rows}

    async def _replace(self, next_state: Turn, statuses: Sequence[TurnStatus]) -> bool:
        """Write the turn's next state if its stored one is among these; whether it was."""
        fields: dict[str, Any] = fields_of(next_state)
        if "prompt" in fields:
            fields["prompt"] = case((turn.c.prompt_erased, null()), else_=literal(fields["prompt"], Json()))
        replaced = await self._transaction.execute(
            update(turn).where(turn.c.id == next_state.id, turn.c.status.in_(statuses)).values(fields)
        )
        if replaced.rowcount == 0:
            return False
        await self._transaction.execute(delete(image).where(image.c.turn_id == next_state.id))
        await self._add_pictures(next_state)
        return True

    async def _count_usage(self, answer: Turn) -> None:
        """Add an answer that just ended to what the person who asked for it used that day. A refusal uses nothing."""
        if answer.status is TurnStatus.REFUSED:
            return
        asker = select(inbox.c.person).where(inbox.c.answer_id == answer.id, inbox.c.person != "")
        person = (await self._transaction.execute(asker)).scalar_one_or_none()
        if person is None:
            return
        counts = {
            "requests": 1,
            "prompt_tokens": answer.prompt_tokens,
            "completion_tokens": answer.completion_tokens,
        }
        day = answer.created_at.astimezone(UTC).date()
        added = self._transaction.insert(usage).values(person=person, day=day, **counts)
        await self._transaction.execute(
            added.on_conflict_do_update(
                index_elements=[usage.c.person, usage.c.day],
                set_={name: usage.c[name] + added.excluded[name] for name in counts},
            )
        )


def _row_of(turn: Turn, root: str) -> dict[str, Any]:
    return {
        "id": turn.id,
        "conversation_id": turn.conversation_id,
        "parent_id": turn.parent_id,
        "root_id": root,
        "role": turn.role,
        "created_at": turn.created_at,
        "prompt": None,
        **fields_of(turn),
    }
