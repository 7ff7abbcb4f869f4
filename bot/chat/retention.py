"""Forgetting by age: conversations older than the host wants to keep go, with everything that hangs on them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from bot.chat.jobs import Services
from bot.chat.privacy import discard_files
from bot.errors import StorageError

log = structlog.get_logger(__name__)

EVERY_S = 3600.0


async def expire(services: Services, days: int) -> int:
    """Delete what is older than so many days; how many turns went."""
    before = services.clock.now() - timedelta(days=days)
    total = 0
    while True:
        async with services.units() as uow:
            erased = await uow.erasure.expire(before)
        await discard_files(erased, services)
        total += erased.turns
        if not erased.turns:
            return total


async def keep_expiring(services: Services, days: int) -> None:
    """Expire once an hour, for as long as the bot runs; 0 days keeps everything."""
    while days:
        try:
            gone = await expire(services, days)
        except StorageError as error:
            log.error("retention failed", error=str(error))
        else:
            log.info("retention", turns=gone, days=days)
        await asyncio.sleep(EVERY_S)
