"""The runner over the tiny writer, in this process."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch

from bot.domain.generation import FinishReason, SamplingParams
from bot.engine import lora, weights
from bot.engine.generic import SingleModel, choose_model, tuned
from bot.engine.prompts import ChatPrompts
from bot.engine.runner import Began, Broke, Defaults, Ended, Event, Runner, Said
from tests.engine.asking import GREEDY, assistant, user
from tests.engine.loras import save_lora
from tests.engine.tiny import LEARNED, WINDOW


class House:
    """A runner, and what was said to whom."""

    def __init__(self, folder: Path, choose: Any = choose_model, **options: int) -> None:
        self.folder = folder
        model = self.load()
        defaults = Defaults.of(model.generation_config)
        self.path: Any = choose(model, WINDOW)
        prompts = ChatPrompts(weights.load_tokenizer(folder))
        options = {"cache_mib": 1, "max_running": 8, **options}
        self.runner = Runner("base", self.path, prompts, defaults, WINDOW, **options)
        self.said: dict[int, str] = {}
        self.events: list[Event] = []
        self.fed: list[int] = []
        forward = self.path.forward

        def counted(shares: Any, cache: Any) -> Any:
            self.fed.append(sum(share.count for share in shares))
            return forward(shares, cache)

        self.path.forward = counted

    def load(self) -> Any:
        return weights.load_model(self.folder, torch.float32, "cpu")

    def ask(self, number: int, *messages: Any, sampling: SamplingParams = GREEDY, release: str = "base") -> None:
        self.runner.open(number, messages, sampling, release)

    def tune(self, release: str, folder: Path) -> Any:
        """Load LoRA weights as a release, and return its path through the model."""
        model = self.load()
        path: Any = tuned(self.path, model, lora.merge(model, folder))
        # The copy of what counts for the base model.
        del path.forward
        self.runner.load(release, path)
        return path

    def step(self) -> None:
        self.note(self.runner.step())

    def note(self, events: list[Event]) -> None:
        self.events += events
        for event in events:
            if isinstance(event, Said):
                self.said[event.number] = self.said.get(event.number, "") + event.text

    def finish(self) -> None:
        while not self.runner.is_idle:
            self.step()

    def ended(self) -> dict[int, FinishReason]:
        return {event.number: event.reason for event in self.events if isinstance(event, Ended)}


@pytest.fixture
def house(writer_folder: Path) -> House:
    return House(writer_folder)


def test_many_at_once_get_what_each_would_get_alone(house: House):
    for number, question in enumerate(LEARNED):
        house.ask(number, user(question))
    house.finish()

    assert list(house.said.values()) == list(LEARNED.values()) or house.said == dict(enumerate(LEARNED.values()))
    assert set(house.ended().values()) == {FinishReason.STOP}


def test_the_same_seed_gives_the_same_text_whatever_else_is_in_the_batch(house: House):
    wild = SamplingParams(max_tokens=30, temperature=2.0, seed=7)
    house.ask(1, user("say"), sampling=wild)
    house.finish()
    for number in range(2, 6):
        house.ask(number, user("x" * number), sampling=SamplingParams(max_tokens=40, temperature=2.0))
    house.step()
    house.ask(6, user("say"), sampling=wild)
    house.finish()

    assert house.said[6] == house.said[1]


def test_a_next_turn_pays_for_its_new_tokens_only(house: House):
    house.ask(1, user("count"))
    house.finish()
    house.fed.clear()
    house.ask(2, user("count"), assistant(LEARNED["count"]), user("greet"), sampling=SamplingParams(1, 0.0))
    house.step()
    first = len(house.runner._prompts.encode([user("count"), assistant(LEARNED["count"])]))

    assert house.fed[0] < 20 < first


def test_what_is_recalled_gives_the_same_answer(house: House):
    for number in (1, 2):
        house.ask(number, user("emoji"))
        house.finish()

    assert house.said == {1: LEARNED["emoji"], 2: LEARNED["emoji"]}


def test_a_talk_that_comes_back_to_its_places_copies_nothing(house: House):
    house.ask(1, user("count"))
    house.finish()
    lying = house.runner._cache[:, :20].clone()
    house.runner._prefixes.find = lambda *_: [torch.full_like(lying, torch.nan)]
    house.ask(2, user("count"), assistant(LEARNED["count"]), user("greet"))
    house.finish()

    assert torch.equal(house.runner._cache[:, :20], lying)
    assert house.said[2]


def test_talks_that_take_turns_are_answered_as_each_alone(house: House, writer_folder: Path):
    questions, alone = list(LEARNED), House(writer_folder)
    alone.runner._prefixes.find = lambda *_: []
    alone.runner._traces.enter = lambda *_: 0
    talks: dict[int, list[Any]] = {1: [], 2: [], 3: []}
    for turn in range(3):
        for talk, messages in talks.items():
            messages.append(user(questions[(talk + turn) % 4]))
            for one in (house, alone):
                one.ask(10 * turn + talk, *messages, sampling=SamplingParams(12, 0.0))
        for one in (house, alone):
            one.finish()
        assert house.said == alone.said
        for talk, messages in talks.items():
            messages.append(assistant(house.said[10 * turn + talk]))

    assert sum(house.fed) < sum(alone.fed)


def test_requests_wait_for_room_and_all_are_answered(writer_folder: Path):
    house = House(writer_folder, cache_mib=0, max_running=4)
    for number in range(3):
        house.ask(number, user("greet"), sampling=SamplingParams(200, 0.0))
    house.finish()

    order = [type(event) for event in house.events if not isinstance(event, Said)]
    assert order == [Began, Ended] * 3
    assert set(house.said.values()) == {LEARNED["greet"]}


def test_caches_that_are_the_models_own_count_too(writer_folder: Path):
    house = House(writer_folder, lambda model, _: SingleModel(model), cache_mib=1)
    place = 2 * 2 * 4 * 8 * 4  # two layers' keys and values, four heads of eight numbers of four bytes
    for number in range(6):
        house.ask(number, user("greet"), sampling=SamplingParams(200, 0.0))
    house.step()
    began = sum(isinstance(event, Began) for event in house.events)
    house.finish()

    assert house.path.place_bytes == place
    assert began == 2**20 // 2 // place // WINDOW
    assert list(house.said.values()) == [LEARNED["greet"]] * 6


def test_a_cancelled_request_leaves_the_others_alone(house: House):
    house.ask(1, user("count"))
    house.ask(2, user("greet"))
    house.step()
    house.note(house.runner.cancel(1))
    house.note(house.runner.cancel(1))
    house.finish()

    assert house.ended() == {1: FinishReason.CANCELLED, 2: FinishReason.STOP}
    assert house.said[2] == LEARNED["greet"]


def test_who_makes_a_step_fail_twice_is_set_aside_and_the_others_are_answered(house: House):
    forward = house.path.forward

    def fragile(shares: Any, cache: Any) -> Any:
        if any(share.sequence.number == 2 and share.sequence.generated == 3 for share in shares):
            raise RuntimeError("no")
        return forward(shares, cache)

    house.path.forward = fragile
    for number, question in enumerate(("greet", "count", "emoji", "问候"), start=1):
        house.ask(number, user(question))
    house.finish()

    assert [event.number for event in house.events if isinstance(event, Broke)] == [2]
    assert set(house.ended()) == {1, 3, 4}
    assert house.said[4] == LEARNED["问候"]


# --- releases ---


@pytest.fixture
def tunings(house: House, tmp_path: Path) -> dict[str, str]:
    """Two releases beside the base model, and what each answers to "count" when it is alone."""
    answers = {"base": LEARNED["count"]}
    for seed, name in enumerate(("first", "second"), start=1):
        save_lora(tmp_path / name, house.load(), seed=seed)
        house.tune(name, tmp_path / name)
        house.ask(seed, user("count"), release=name)
        house.finish()
        answers[name] = house.said.pop(seed)
    assert len(set(answers.values())) == 3
    house.events.clear()
    return answers


def test_releases_answer_side_by_side_each_with_its_own_words(house: House, tunings: dict[str, str]):
    releases = [*tunings, *tunings]
    for number, release in enumerate(releases):
        house.ask(number, user("count"), release=release)
    house.finish()

    assert [house.said[number] for number in range(6)] == [tunings[release] for release in releases]
    assert [event.release for event in house.events if isinstance(event, Began)] == releases


def test_every_step_takes_all_releases_on(house: House, tunings: dict[str, str]):
    for number, release in enumerate(tunings):
        house.ask(number, user("x"), sampling=SamplingParams(50, 3.0, seed=1), release=release)
    house.step()
    before = [sequence.computed for sequence in house.runner._scheduler.running]
    house.step()

    assert [sequence.computed for sequence in house.runner._scheduler.running] == [count + 1 for count in before]


def test_a_step_that_fails_on_one_release_leaves_the_others_alone(house: House, tunings: dict[str, str]):
    def broken(shares: Any, cache: Any) -> Any:
        raise RuntimeError("no")

    house.runner._loaded["second"].model.forward = broken
    for number, release in enumerate(tunings):
        house.ask(number, user("count"), release=release)
    house.finish()

    assert [event.number for event in house.events if isinstance(event, Broke)] == [2]
    assert [house.said[0], house.said[1]] == [tunings["base"], tunings["first"]]


def test_requests_in_flight_end_on_the_weights_that_began_them(house: House, tunings: dict[str, str]):
    house.ask(1, user("count"), release="first")
    house.step()
    house.runner.unload("first")

    assert house.runner.runs_on("first")
    house.finish()
    assert house.said[1] == tunings["first"]
    assert not house.runner.runs_on("first")


def test_an_unloaded_release_leaves_nothing_behind(house: House, tmp_path: Path):
    kept = house.runner._prefixes.kept
    save_lora(tmp_path, house.load())
    path = weakref.ref(house.tune("tuned", tmp_path))
    house.ask(1, user("count"), release="tuned")
    house.step()
    house.runner.unload("tuned")
    house.finish()
    gc.collect()

    assert path() is None
    assert house.runner._prefixes.kept == kept


def test_what_one_release_computed_is_not_recalled_by_another(house: House, tunings: dict[str, str]):
    for number, release in enumerate(("first", "base", "first", "base"), start=10):
        house.ask(number, user("count"), release=release)
        house.finish()

    assert [house.said[number] for number in range(10, 14)] == [tunings["first"], tunings["base"]] * 2


def test_a_release_shares_what_lora_leaves_alone(house: House, tmp_path: Path):
    save_lora(tmp_path, house.load())
    tuned_path = house.tune("tuned", tmp_path)
    base, own = house.path._layers, tuned_path._layers

    assert own[0] == base[0]
    assert own[1].down is base[1].down
    assert own[1].qkv is not base[1].qkv
    assert tuned_path._embedding is house.path._embedding
    assert tuned_path.own_bytes == own[1].qkv.size_bytes + own[1].out.size_bytes
