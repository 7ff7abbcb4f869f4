"""Which platform messages carry which turns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Insert, bindparam, select

from bot.domain.conversation import Delivery, DeliveryState
from bot.domain.messages import MessageRef
from bot.domain.places import Platform
from storage.prepared import AnyInsert, Prepared, prepared_insert
from storage.tables import delivery
from storage.transaction import Transaction


class SqlDeliveries:
    """`bot.ports.Deliveries`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def put(self, delivery: Delivery) -> None:
        await self._transaction.write(_PUT, _fields_of(delivery))

    async def of_turn(self, turn_id: str) -> Sequence[Delivery]:
        return [_delivery_of(*row) for row in await self._transaction.fetch(_OF_TURN, {"turn": turn_id})]

    async def turn_of(self, ref: MessageRef) -> str | None:
        rows = await self._transaction.fetch(
            _TURN_OF, {"on": ref.platform, "in_channel": ref.channel, "named": ref.message}
        )
        return str(rows[0][0]) if rows else None


def _fields_of(delivery: Delivery) -> dict[str, Any]:
    ref = delivery.ref
    return {
        "turn_id": delivery.turn_id,
        "part": delivery.part,
        "state": delivery.state,
        "platform": ref and ref.platform,
        "channel": ref and ref.channel,
        "message": ref and ref.message,
    }


def _delivery_of(
    turn_id: str, part: int, state: str, platform: str | None, channel: str | None, message: str | None
) -> Delivery:
    ref = None
    if platform is not None and channel is not None and message is not None:
        ref = MessageRef(Platform(platform), channel, message)
    return Delivery(turn_id, part, DeliveryState(state), ref)


def _replacing(insert: AnyInsert) -> Insert:
    replaced = {name: insert.excluded[name] for name in ("state", "platform", "channel", "message")}
    return insert.on_conflict_do_update(index_elements=["turn_id", "part"], set_=replaced)


_PUT = prepared_insert(delivery, _replacing)
_OF_TURN = Prepared(select(delivery).where(delivery.c.turn_id == bindparam("turn")).order_by(delivery.c.part))
_TURN_OF = Prepared(
    select(delivery.c.turn_id)
    .where(
        delivery.c.platform == bindparam("on"),
        delivery.c.channel == bindparam("in_channel"),
        delivery.c.message == bindparam("named"),
    )
    .order_by(delivery.c.turn_id.desc())
    .limit(1)
)
