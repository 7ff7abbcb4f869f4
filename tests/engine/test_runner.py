"""The runner over the tiny writer, in this process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from bot.domain.generation import FinishReason, SamplingParams
from bot.engine import lora, weights
from bot.engine.generic import choose_model
from bot.engine.prompts import ChatPrompts
from bot.engine.runner import Began, Broke, Defaults, Ended, Event, Runner, Said
from bot.errors import ModelError
from tests.engine.asking import GREEDY, assistant, user
from tests.engine.tiny import LEARNED, WINDOW


class House:
    """A runner, and what was said to whom."""

    def __init__(self, folder: Path, **options: int) -> None:
        self.folder = folder
        model = self.load()
        defaults = Defaults.of(model.generation_config)
        self.path: Any = choose_model(model, WINDOW)
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

    def ask(self, number: int, *messages: Any, sampling: SamplingParams = GREEDY) -> None:
        self.runner.open(number, messages, sampling)

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


def test_requests_wait_for_room_and_all_are_answered(writer_folder: Path):
    house = House(writer_folder, cache_mib=0, max_running=4)
    for number in range(3):
        house.ask(number, user("greet"), sampling=SamplingParams(200, 0.0))
    house.finish()

    order = [type(event) for event in house.events if not isinstance(event, Said)]
    assert order == [Began, Ended] * 3
    assert set(house.said.values()) == {LEARNED["greet"]}


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


# --- LoRA ---


def save_lora(folder: Path, model: Any, **config: Any) -> None:
    torch.manual_seed(1)
    tensors = {}
    for name in ("q_proj", "o_proj"):
        module = f"model.layers.1.self_attn.{name}"
        out, into = model.get_submodule(module).weight.shape
        tensors[f"base_model.model.{module}.lora_A.weight"] = torch.randn(4, into)
        tensors[f"base_model.model.{module}.lora_B.weight"] = torch.randn(out, 4)
    folder.mkdir(exist_ok=True)
    save_file(tensors, folder / "adapter_model.safetensors")
    settings = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "o_proj"], **config}
    (folder / "adapter_config.json").write_text(json.dumps(settings), encoding="utf-8")


def test_requests_in_flight_end_on_the_weights_that_began_them(house: House, tmp_path: Path):
    save_lora(tmp_path, house.load())
    changed = house.load()
    lora.merge(changed, tmp_path)
    house.ask(1, user("count"))
    house.step()
    house.runner.use("tuned", choose_model(changed, WINDOW))
    house.ask(2, user("count"))
    house.finish()

    assert house.said[1] == LEARNED["count"]
    assert house.said.get(2, "") != LEARNED["count"]
    assert [event.release for event in house.events if isinstance(event, Began)] == ["base", "tuned"]


def test_merged_weights_are_w_plus_scaled_b_a(house: House, tmp_path: Path):
    base, model = house.load(), house.load()
    save_lora(tmp_path, base)
    lora.merge(model, tmp_path)

    torch.manual_seed(1)
    down, up = torch.randn(4, 32), torch.randn(32, 4)
    expected = base.model.layers[1].self_attn.q_proj.weight + 2.0 * up @ down
    torch.testing.assert_close(model.model.layers[1].self_attn.q_proj.weight, expected)


@pytest.mark.parametrize("config", [{"use_dora": True}, {"peft_type": "IA3"}, {"r": "x"}])
def test_lora_weights_of_another_kind_are_refused(house: House, tmp_path: Path, config: dict[str, Any]):
    save_lora(tmp_path, house.load(), **config)

    with pytest.raises(ModelError):
        lora.merge(house.load(), tmp_path)


def test_lora_weights_that_are_not_the_releases_are_refused(house: House, tmp_path: Path):
    save_lora(tmp_path, house.load())
    digest = lora.fingerprint(tmp_path)[:8]

    lora.check_release(f"tuned@{digest}", tmp_path)
    with pytest.raises(ModelError, match=digest):
        lora.check_release("tuned@00000000", tmp_path)
    with pytest.raises(ModelError, match="missing"):
        lora.check_release("tuned", tmp_path / "nowhere")
