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

from sqlalchemy import BigInteger, Executable, bindparam, case, delete, func, insert, literal, null, select, update

from bot.domain.conversation import Conversation, Turn, TurnStatus
from bot.domain.messages import Picture
from bot.domain.places import Place, Platform
from bot.ports import NewId
from storage.columns import Json, Key
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
        await self._transaction.execute(_ADD, [_row_of(each) for each in turns])
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
            pictures = await self._pictures_of([row["id"] for row in rows if row["picture_count"]])
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

    async def _replace(self, next_state: Turn, statuses: Sequence[TurnStatus]) -> bool:
        """Write the turn's next state if its stored one is among these; whether it was."""
        fields = fields_of(next_state)
        # Replaced with the pictures; until then it tells whether there are any.
        del fields["picture_count"]
        statement = _REPLACE
        if "prompt" in fields:
            statement, fields["new_prompt"] = _REPLACE_WITH_PROMPT, fields.pop("prompt")
        replaced = await self._transaction.execute(
            statement, [{**fields, "itself": next_state.id, "statuses": statuses}]
        )
        pictures_before = replaced.scalar_one_or_none()
        if pictures_before is None:
            return False
        if pictures_before or next_state.pictures:
            await self._replace_pictures(next_state)
        return True

    async def _replace_pictures(self, of: Turn) -> None:
        await self._transaction.execute(delete(image).where(image.c.turn_id == of.id))
        await self._transaction.execute(update(turn).where(turn.c.id == of.id).values(picture_count=len(of.pictures)))
        await self._add_pictures(of)

    async def _count_usage(self, answer: Turn) -> None:
        """Add an answer that just ended to what the person who asked for it used that day. A refusal uses nothing."""
        if answer.status is TurnStatus.REFUSED:
            return
        counts = {"requests": 1, "prompt_tokens": answer.prompt_tokens, "completion_tokens": answer.completion_tokens}
        day = answer.created_at.astimezone(UTC).date()
        used = select(inbox.c.person, literal(day), *(literal(count, BigInteger) for count in counts.values())).where(
            inbox.c.answer_id == answer.id, inbox.c.person != ""
        )
        added = self._transaction.insert(usage).from_select(["person", "day", *counts], used)
        await self._transaction.execute(
            added.on_conflict_do_update(
                index_elements=[usage.c.person, usage.c.day],
                set_={name: usage.c[name] + added.excluded[name] for name in counts},
            )
        )


# Statements with many columns are built once: building them takes longer than running them.
_parent = turn.alias("parent")
# A turn is of its parent's tree, which may have been stored just before it by the same statement.
_ADD = insert(turn).values(
    root_id=func.coalesce(
        select(_parent.c.root_id).where(_parent.c.id == bindparam("of_parent", type_=Key())).scalar_subquery(),
        bindparam("itself", type_=Key()),
    )
)
_REPLACE = (
    update(turn)
    .where(turn.c.id == bindparam("itself"), turn.c.status.in_(bindparam("statuses", expanding=True)))
    .returning(turn.c.picture_count)
)
_REPLACE_WITH_PROMPT = _REPLACE.values(
    prompt=case((turn.c.prompt_erased, null()), else_=bindparam("new_prompt", type_=Json()))
)


def _row_of(turn: Turn) -> dict[str, Any]:
    return {
        "id": turn.id,
        "conversation_id": turn.conversation_id,
        "parent_id": turn.parent_id,
        "role": turn.role,
        "created_at": turn.created_at,
        "prompt": None,
        **fields_of(turn),
        "itself": turn.id,
        "of_parent": turn.parent_id,
    }
