from __future__ import annotations

from bot.domain.messages import Control, HistoryMessage, MessageRef, RateReply, RegenerateReply, ShareReply
from bot.domain.ratings import Rating, RatingSource, Verdict
from tests.houses import ANA, BEN, CHANNEL, DIRECT, House


async def ratings_of(house: House, turn_id: str) -> list[Rating]:
    async with house.services.units.reading() as uow:
        return list(await uow.ratings.of_turns([turn_id]))


async def test_a_draft_that_is_used_is_posted_without_buttons_and_counts_as_liked(house: House) -> None:
    draft = await house.call("write", about="the picnic")
    posted = await house.press(ShareReply, draft.id, BEN)
    shown = house.platform.finished[-1].answer

    assert shown is not None
    assert (shown.text, shown.note) == (draft.text, "")
    assert (shown.controls, shown.changes) == (frozenset(), ())
    assert (posted.revises, posted.change, posted.aside) == (draft.id, "share", True)
    (rating,) = await ratings_of(house, draft.id)
    assert (rating.person, rating.verdict, rating.source) == (BEN.key, Verdict.GOOD, RatingSource.USE)


async def test_who_said_that_a_draft_is_bad_does_not_like_it_by_using_it(house: House) -> None:
    draft = await house.call("write", about="the picnic")
    await house.core.rate(RateReply(house.ref(draft.id), ANA, Verdict.BAD, RatingSource.BUTTON, house.clock.now()))
    await house.press(ShareReply, draft.id)

    (rating,) = await ratings_of(house, draft.id)
    assert rating.verdict is Verdict.BAD


async def test_a_private_summary_is_shared_by_its_asker_only(house: House) -> None:
    said = MessageRef(CHANNEL.platform, CHANNEL.channel, "m1")
    house.platform.past = [HistoryMessage(said, "Ben", "We meet at nine on Monday.", house.clock.now())]
    summary = await house.call("summarize", place=CHANNEL)
    assert Control.SHARE in house.platform.finished[-1].answer.controls  # type: ignore[union-attr]

    shown_as = MessageRef(CHANNEL.platform, CHANNEL.channel, f"m-{summary.id}")
    others = await house.core.accept(ShareReply("s1", CHANNEL, shown_as, BEN, house.clock.now()))
    shared = await house.press(ShareReply, summary.id, ANA, CHANNEL)

    assert others is None
    assert summary.private
    assert not shared.private
    assert (shared.text, shared.note) == (summary.text, "Shared by Ana.")
    assert await ratings_of(house, summary.id) == []


async def test_a_private_answer_has_nobody_to_be_shared_with_in_a_direct_conversation(house: House) -> None:
    said = MessageRef(DIRECT.platform, DIRECT.channel, "m1")
    house.platform.past = [HistoryMessage(said, "Ana", "We meet at nine on Monday.", house.clock.now())]
    await house.call("summarize", place=DIRECT)
    summary = house.platform.finished[-1].answer

    assert summary is not None
    assert summary.private
    assert Control.SHARE not in summary.controls


async def test_what_was_shared_is_not_part_of_the_talk(house: House) -> None:
    draft = await house.call("write", about="the picnic")
    await house.press(ShareReply, draft.id)
    await house.ask("And now?")

    prompt = house.generator.requests[-1].messages
    assert [message.content for message in prompt].count(draft.text) == 1


async def test_regenerating_a_draft_keeps_it_what_it_is(house: House) -> None:
    draft = await house.call("write", about="the picnic")
    another = await house.press(RegenerateReply, draft.id)

    assert (another.revises, another.change, another.parent_id) == (None, "", draft.parent_id)
