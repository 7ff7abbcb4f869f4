"""Which platform messages carry which turns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from bot.domain.conversation import Delivery, DeliveryState
from bot.domain.messages import MessageRef
from bot.domain.places import Platform
from storage import tables
from storage.transaction import Transaction


class SqlDeliveries:
    """`bot.ports.Deliveries`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def put(self, delivery: Delivery) -> None:
        await self._transaction.upsert(tables.delivery, _fields_of(delivery))

    async def of_turn(self, turn_id: str) -> Sequence[Delivery]:
        table = tables.delivery
        rows = await self._transaction.execute(select(table).where(table.c.turn_id == turn_id).order_by(table.c.part))
        return [_delivery_of(row) for row in rows]

    async def turn_of(self, ref: MessageRef) -> str | None:
        table = tables.delivery
        rows = await self._transaction.execute(
            select(table.c.turn_id)
            .where(
                table.c.platform == ref.platform,
                table.c.channel == ref.channel,
                table.c.message == ref.message,
            )
            .order_by(table.c.turn_id.desc())
            .limit(1)
        )
        return rows.scalar_one_or_none()


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


def _delivery_of(row: Row[Any]) -> Delivery:
    ref = None if row.message is None else MessageRef(Platform(row.platform), row.channel, row.message)
    return Delivery(row.turn_id, row.part, DeliveryState(row.state), ref)
