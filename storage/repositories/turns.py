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

from sqlalchemy import (
    BigInteger,
    Date,
    Insert,
    Select,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)

from bot.domain.conversation import Conversation, Turn, TurnStatus
from bot.domain.messages import Picture
from bot.domain.places import Place, Platform
from bot.ports import Heard, Look, NewId
from storage.columns import Json, Key
from storage.prepared import AnyInsert, Prepared, Query, Rows, Values, prepared_insert
from storage.repositories.preferences import choice_of, choices_of
from storage.repositories.values import (
    OPEN,
    PICTURE_COUNT,
    TURN_COLUMNS,
    conversation_of,
    fields_of,
    picture_of,
    turn_from,
)
from storage.tables import conversation, image, inbox, turn, usage
from storage.transaction import Transaction

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
        await self.begin(Conversation(new_id(), place, now))
        (row,) = await self._transaction.fetch(_CONVERSATION_AT, {"place": place.key})
        return conversation_of(*row)

    async def begin(self, conversation: Conversation) -> None:
        place = conversation.place
        made = {
            "id": conversation.id,
            "place_key": place.key,
            "platform": place.platform,
            "workspace": place.workspace,
            "channel": place.channel,
            "thread": place.thread,
            "kind": place.kind,
            "created_at": conversation.created_at,
        }
        await self._transaction.write(_ADD_CONVERSATION, made)

    async def conversation(self, conversation_id: str) -> Conversation | None:
        rows = await self._transaction.fetch(_CONVERSATION, {"itself": conversation_id})
        return conversation_of(*rows[0]) if rows else None

    async def find_conversation(self, place: Place) -> Conversation | None:
        rows = await self._transaction.fetch(_CONVERSATION_AT, {"place": place.key})
        return conversation_of(*rows[0]) if rows else None

    async def conversations(self, platform: Platform) -> Sequence[Conversation]:
        rows = await self._transaction.fetch(_CONVERSATIONS, {"on": platform})
        return [conversation_of(*row) for row in rows]

    async def add(self, *turns: Turn) -> None:
        for each in turns:
            await self._transaction.write(_ADD, _row_of(each))
            await self._add_pictures(each)

    async def get(self, turn_id: str) -> Turn | None:
        return await self._first(_GET, {"itself": turn_id})

    async def update(self, turn: Turn) -> None:
        # Before the answer ends: it is counted once, when it does.
        if turn.is_by_bot and not turn.status.is_open and turn.status is not TurnStatus.REFUSED:
            await self._transaction.write(_COUNT_USAGE, _usage_of(turn))
        fields = fields_of(turn)
        replace = _REPLACE
        if "prompt" in fields:
            replace, fields["new_prompt"] = _REPLACE_WITH_PROMPT, fields.pop("prompt")
        if not turn.pictures:
            await self._transaction.write(replace, {**fields, "itself": turn.id})
            await self._transaction.write(_REMOVE_PICTURES, {"of": turn.id})
        elif await self._transaction.fetch(replace, {**fields, "itself": turn.id}):
            await self._transaction.write(_REMOVE_PICTURES, {"of": turn.id})
            await self._add_pictures(turn)

    async def heard(self, looks: Sequence[Look]) -> Sequence[Heard]:
        queries: list[Query] = []
        for look in looks:
            queries += [(_PATH, {"itself": look.turn_id, "most": look.most}), choices_of(look.owners)]
        found = await self._transaction.fetch_all(queries)
        paths = [await self._turns(rows) for rows in found[::2]]
        return [Heard(path, [choice_of(*row) for row in rows]) for path, rows in zip(paths, found[1::2], strict=True)]

    async def latest(self, conversation_id: str) -> Turn | None:
        return await self._first(_LATEST, {"conversation": conversation_id})

    async def children(self, turn_id: str) -> Sequence[Turn]:
        return await self._read(_CHILDREN, {"itself": turn_id})

    async def in_conversation(
        self, conversation_id: str, *, before: str | None = None, limit: int = 200
    ) -> Sequence[Turn]:
        # "~" sorts after every id.
        found = {"conversation": conversation_id, "before": before or "~", "most": limit}
        return (await self._read(_IN_CONVERSATION, found))[::-1]

    async def _first(self, statement: Prepared, values: Values) -> Turn | None:
        turns = await self._read(statement, values)
        return turns[0] if turns else None

    async def _read(self, statement: Prepared, values: Values) -> list[Turn]:
        return await self._turns(await self._transaction.fetch(statement, values))

    async def _turns(self, rows: Rows) -> list[Turn]:
        """The turns of rows, made in portions: the event loop must not wait for a thousand of them."""
        pictures = await self._pictures_of([row[0] for row in rows if row[PICTURE_COUNT]])
        turns: list[Turn] = []
        for row in rows:
            turns.append(turn_from(row, pictures.get(row[0], ())))
            if len(turns) % _PORTION == 0:
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


_CONVERSATION = Prepared(select(conversation).where(conversation.c.id == bindparam("itself")))
_CONVERSATION_AT = Prepared(select(conversation).where(conversation.c.place_key == bindparam("place")))
_latest_id = select(func.max(turn.c.id)).where(turn.c.conversation_id == conversation.c.id).scalar_subquery()
_CONVERSATIONS = Prepared(
    select(conversation)
    .where(conversation.c.platform == bindparam("on"))
    .order_by(func.coalesce(_latest_id, conversation.c.id).desc())
)
_ADD_CONVERSATION = prepared_insert(
    conversation, lambda insert: insert.on_conflict_do_nothing(index_elements=[conversation.c.place_key])
)

_parent = turn.alias("parent")
# A turn is of its parent's tree, which may have been stored just before it.
_ADD = Prepared(
    insert(turn).values(
        root_id=func.coalesce(
            select(_parent.c.root_id).where(_parent.c.id == bindparam("of_parent", type_=Key())).scalar_subquery(),
            bindparam("itself", type_=Key()),
        )
    )
)
_THIS = turn.c.id == bindparam("itself")
_OF_CONVERSATION = turn.c.conversation_id == bindparam("conversation")
_replace = update(turn).where(_THIS, turn.c.status != TurnStatus.FORGOTTEN).returning(turn.c.id)
_REPLACE = Prepared(_replace)
_REPLACE_WITH_PROMPT = Prepared(
    _replace.values(prompt=case((turn.c.prompt_erased, null()), else_=bindparam("new_prompt", type_=Json())))
)
_REMOVE_PICTURES = Prepared(delete(image).where(image.c.turn_id == bindparam("of")))
_GET = Prepared(select(*TURN_COLUMNS, turn.c.prompt).where(_THIS))
_CHILDREN = Prepared(select(*TURN_COLUMNS).where(turn.c.parent_id == bindparam("itself")).order_by(turn.c.id))
_LATEST = Prepared(
    select(*TURN_COLUMNS).where(_OF_CONVERSATION, turn.c.aside.is_(False)).order_by(turn.c.id.desc()).limit(1)
)
_IN_CONVERSATION = Prepared(
    select(*TURN_COLUMNS)
    .where(_OF_CONVERSATION, turn.c.id < bindparam("before"))
    .order_by(turn.c.id.desc())
    .limit(bindparam("most"))
)


def _path() -> Select[Any]:
    branch = select(turn.c.id, turn.c.parent_id, literal(1).label("depth")).where(_THIS).cte("branch", recursive=True)
    above = select(turn.c.id, turn.c.parent_id, branch.c.depth + 1).join(branch, turn.c.id == branch.c.parent_id)
    branch = branch.union_all(above.where(branch.c.depth < bindparam("most")))
    return select(*TURN_COLUMNS).join(branch, turn.c.id == branch.c.id).order_by(branch.c.depth.desc())


_PATH = Prepared(_path())


_IS_OPEN = or_(*(turn.c.status == status for status in OPEN))


def _counting(insert: AnyInsert) -> Insert:
    """What an answer that is still open used, added to what the person who asked for it used that day."""
    counts = ("requests", "prompt_tokens", "completion_tokens")
    used = select(
        inbox.c.person, bindparam("day", type_=Date), *(bindparam(name, type_=BigInteger) for name in counts)
    ).join(turn, turn.c.id == inbox.c.answer_id)
    used = used.where(inbox.c.answer_id == bindparam("answer"), inbox.c.person != "", _IS_OPEN)
    added = insert.from_select(["person", "day", *counts], used)
    return added.on_conflict_do_update(
        index_elements=[usage.c.person, usage.c.day],
        set_={name: usage.c[name] + added.excluded[name] for name in counts},
    )


_COUNT_USAGE = prepared_insert(usage, _counting)


def _usage_of(answer: Turn) -> dict[str, Any]:
    return {
        "day": answer.created_at.astimezone(UTC).date(),
        "requests": 1,
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "answer": answer.id,
    }


def _row_of(turn: Turn) -> dict[str, Any]:
    return {
        "id": turn.id,
        "conversation_id": turn.conversation_id,
        "parent_id": turn.parent_id,
        "role": turn.role,
        "created_at": turn.created_at,
        "prompt": None,
        "prompt_erased": False,
        **fields_of(turn),
        "itself": turn.id,
        "of_parent": turn.parent_id,
    }
