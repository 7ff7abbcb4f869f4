"""Names and languages: asked once, remembered, and never waited for again."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.client import new_session
from adapters.slack.people import People
from tests.houses import FakeClock
from tests.servers.slack import SlackServer, User


class TurnedClock(FakeClock):
    """Its monotonic time goes on as the test says."""

    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
async def people(server: SlackServer, clock: TurnedClock) -> AsyncIterator[People]:
    async with new_session() as session:
        asked = People(AsyncWebClient(server.bot_token, base_url=server.api_url, session=session), clock)
        yield asked
        await asked.close()


def lookups(server: SlackServer) -> int:
    return sum(request.api == "users.info" for request in server.requests)


async def test_many_who_ask_for_the_same_name_ask_slack_once(people: People, server: SlackServer, ana: User) -> None:
    for _ in range(3):
        assert (await people.person(ana.id)).name == ana.name

    assert lookups(server) == 1


async def test_a_name_told_long_ago_is_given_at_once_and_asked_again_beside(
    people: People, server: SlackServer, ana: User, clock: TurnedClock
) -> None:
    before = await people.person(ana.id)
    clock.seconds += 3600
    ana.name = "Ana Maria"
    server.faults.delay("users.info", 5)

    assert await people.person(ana.id) == before
    await server.until(lambda: lookups(server) == 2)


async def test_a_stranger_whose_name_comes_late_is_known_by_id_until_it_comes(
    people: People, server: SlackServer, ana: User
) -> None:
    server.faults.delay("users.info", 1)

    assert (await people.person(ana.id)).name == ana.id
    assert (await people.profile(ana.id)).person.name == ana.name
    assert (await people.person(ana.id)).name == ana.name
    assert lookups(server) == 1
