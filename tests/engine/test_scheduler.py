"""Who takes part in a step: no model, only numbers."""

from __future__ import annotations

from bot.engine.cache import Slots
from bot.engine.scheduler import Scheduler
from bot.engine.sequence import Sequence


def sequence(prompt: int, answer: int = 10) -> Sequence:
    made = Sequence.bare(list(range(prompt)))
    made.max_tokens = answer
    return made


def scheduler(*sequences: Sequence, places: int = 4096, max_running: int = 4, step_tokens: int = 100) -> Scheduler:
    made = Scheduler(Slots(places, 1024), max_running, step_tokens)
    for each in sequences:
        made.add(each)
    made.admit()
    return made


def plan(made: Scheduler) -> list[int]:
    return [share.count for share in made.schedule()]


def compute(made: Scheduler) -> None:
    for share in made.schedule():
        share.sequence.computed += share.count
        if share.sequence.computed == len(share.sequence.tokens):
            share.sequence.tokens.append(0)


def test_a_long_prompt_is_read_in_chunks_and_answers_go_on_beside_it():
    answering, reading = sequence(20), sequence(250)
    made = scheduler(answering, reading)

    plans = []
    for _ in range(4):
        plans.append(plan(made))
        compute(made)

    assert plans == [[20, 80], [1, 100], [1, 70], [1, 1]]


def test_no_more_run_than_may():
    made = scheduler(*(sequence(10) for _ in range(6)), max_running=4)

    assert (len(made.running), len(made.waiting)) == (4, 2)


def test_who_has_no_room_waits_and_nobody_passes_by():
    large, small = sequence(900), sequence(10)
    made = scheduler(sequence(900), sequence(900), large, small, places=2048)

    assert list(made.waiting) == [large, small]

    made.remove(made.running[0])
    assert made.admit() == [large]
    assert list(made.waiting) == [small]


def test_room_is_kept_for_the_whole_answer():
    made = scheduler(sequence(10, answer=1000), sequence(10), places=1024)

    assert len(made.running) == 1


def test_who_took_part_in_a_failing_step_goes_alone():
    suspect = sequence(10)
    made = scheduler(sequence(10), suspect)
    suspect.failures = 1

    assert [share.sequence for share in made.schedule()] == [suspect]


def test_who_waits_can_leave():
    waiting = sequence(10)
    made = scheduler(sequence(10), waiting, max_running=1)
    made.remove(waiting)
    made.remove(made.running[0])

    assert not made.admit()
