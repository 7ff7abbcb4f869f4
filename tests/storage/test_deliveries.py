from __future__ import annotations

from bot.domain.conversation import Delivery, DeliveryState
from bot.domain.messages import MessageRef
from bot.domain.places import Platform
from bot.ports import UnitOfWorkFactory
from tests.storage.builders import stored_exchange

FIRST = MessageRef(Platform.WEB, "general", "10")
SECOND = MessageRef(Platform.WEB, "general", "11")


async def test_a_turn_is_found_by_each_message_that_carries_it(units: UnitOfWorkFactory) -> None:
    _, answered = await stored_exchange(units)
    async with units() as uow:
        await uow.deliveries.put(Delivery(answered.id, 1, DeliveryState.SENT, SECOND))
        await uow.deliveries.put(Delivery(answered.id, 0, DeliveryState.SENT, FIRST))

    async with units.reading() as uow:
        assert await uow.deliveries.turn_of(FIRST) == answered.id
        assert await uow.deliveries.turn_of(SECOND) == answered.id
        assert await uow.deliveries.turn_of(MessageRef(Platform.SLACK, "general", "10")) is None
        assert [each.ref for each in await uow.deliveries.of_turn(answered.id)] == [FIRST, SECOND]


async def test_a_send_under_way_is_known_until_it_is_done(units: UnitOfWorkFactory) -> None:
    _, answered = await stored_exchange(units)
    sending = Delivery(answered.id, 0, DeliveryState.SENDING)
    sent = Delivery(answered.id, 0, DeliveryState.SENT, FIRST)

    async with units() as uow:
        await uow.deliveries.put(sending)
        assert await uow.deliveries.of_turn(answered.id) == [sending]
        await uow.deliveries.put(sent)
        assert await uow.deliveries.of_turn(answered.id) == [sent]
