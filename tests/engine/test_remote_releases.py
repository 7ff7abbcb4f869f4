"""Releases at servers that load LoRA weights while they run, as vLLM does, and at servers that cannot."""

from __future__ import annotations

import asyncio
import json
import shutil
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from bot.domain.generation import GenerationRequest, Piece, Started
from bot.engine import lora
from bot.errors import EngineDown, ModelError, RequestRejected
from tests.engine.asking import ask, collect, text_of, user
from tests.engine.completion_server import CompletionServer, Exchange, chunk, say
from tests.engine.test_remote import engine_at


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a server and we look at of a folder of LoRA weights."""
    made = tmp_path / "lora"
    made.mkdir()
    (made / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 16}), encoding="utf-8")
    (made / "adapter_model.safetensors").write_bytes(b"weights")
    return made


@pytest.fixture
def name(folder: Path) -> str:
    return f"served-1@{lora.fingerprint(folder)[:8]}"


def vllm(max_lora_rank: int = 16) -> CompletionServer:
    return CompletionServer(say("ok"), max_lora_rank=max_lora_rank)


def asking_for(release: str | None) -> GenerationRequest:
    return replace(ask(user("hi")), release=release)


async def test_a_release_is_loaded_into_every_server_served_and_unloaded(folder: Path, name: str):
    async with vllm() as one, vllm() as two, engine_at(one, two) as engine:
        await engine.load_release(name, str(folder))
        assert one.loras == two.loras == {name: str(folder)}
        before = await collect(engine.generate(asking_for(None)))
        by_name = await collect(engine.generate(asking_for(name)))
        await engine.serve_release(name)
        served = await collect(engine.generate(asking_for(None)))
        base = await collect(engine.generate(asking_for("")))
        health = engine.health()
        await engine.serve_release("")
        await engine.unload_release(name)

    assert [events[0] for events in (before, by_name, served, base)] == [
        Started("served"),
        Started(name),
        Started(name),
        Started("served"),
    ]
    assert (health.release, health.releases) == (name, (name,))
    assert one.acts == two.acts == [f"load {name}", f"unload {name}"]
    assert engine.health().release == "served"


async def test_a_server_that_restarted_is_given_its_release_again(folder: Path, name: str):
    async with vllm() as server, engine_at(server) as engine:
        await engine.load_release(name, str(folder))
        await engine.serve_release(name)
        server.loras.clear()
        events = await collect(engine.generate(asking_for(None)))

    assert events[0] == Started(name)
    assert server.loras == {name: str(folder)}


async def test_a_server_that_cannot_load_a_release_again_answers_by_the_base_model_and_health_says_so(
    folder: Path, name: str
):
    async with vllm() as server, engine_at(server) as engine:
        await engine.load_release(name, str(folder))
        await engine.serve_release(name)
        server.loras.clear()
        shutil.rmtree(folder)
        events = await collect(engine.generate(asking_for(None)))

    assert events[0] == Started("served")
    assert text_of(events) == "ok"
    assert "could not be loaded again" in engine.health().detail
    assert engine.health().release == "served"


async def test_a_server_that_is_away_does_not_keep_the_others_from_a_release(folder: Path, name: str):
    async with vllm() as away, vllm() as server, engine_at(away, server) as engine:
        url = away.url
        await away.close()
        await engine.load_release(name, str(folder))
        events = await collect(engine.generate(asking_for(name)))

    assert url in engine.health().detail
    assert events[0] == Started(name)


async def test_with_no_server_there_nothing_is_loaded(folder: Path, name: str):
    async with vllm() as away, engine_at(away) as engine:
        await away.close()
        with pytest.raises(EngineDown):
            await engine.load_release(name, str(folder))
        with pytest.raises(ModelError):
            await engine.serve_release(name)


async def test_weights_that_a_server_has_already_are_taken_as_loaded(folder: Path, name: str):
    async with vllm() as server, engine_at(server) as engine:
        server.loras[name] = str(folder)
        await engine.load_release(name, str(folder))

    assert engine.health().releases == (name,)


@pytest.mark.parametrize(
    ("server", "remedy"),
    [
        (CompletionServer(say("ok")), "VLLM_ALLOW_RUNTIME_LORA_UPDATING=True"),
        (vllm(max_lora_rank=0), "--enable-lora"),
        (vllm(max_lora_rank=8), "--max-lora-rank 16"),
    ],
)
async def test_a_refusal_names_the_remedy_and_is_the_refusal_of_all(
    server: CompletionServer, remedy: str, folder: Path, name: str
):
    async with vllm() as other, server, engine_at(other, server) as engine:
        with pytest.raises(ModelError, match=remedy):
            await engine.load_release(name, str(folder))

    assert other.loras == {}
    assert engine.health().releases == ()


async def test_a_folder_that_the_server_does_not_see_is_told_as_such(folder: Path, name: str):
    async with vllm() as server, engine_at(server) as engine:
        await engine.load_release(name, str(folder))
        server.loras.clear()
        shutil.rmtree(folder)
        await collect(engine.generate(asking_for(name)))

    assert "under the same path" in engine.health().detail


async def test_weights_that_are_not_the_releases_never_reach_a_server(folder: Path):
    async with vllm() as server, engine_at(server) as engine:
        with pytest.raises(ModelError):
            await engine.load_release("served-1@00000000", str(folder))

    assert server.acts == []


async def test_a_release_that_never_was_loaded_is_refused(folder: Path, name: str):
    async with vllm() as server, engine_at(server) as engine:
        with pytest.raises(RequestRejected):
            await collect(engine.generate(asking_for("never@00000000")))
        await engine.load_release(name, str(folder))
        await engine.unload_release(name)
        events = await collect(engine.generate(asking_for(name)))

    assert events[0] == Started("served")


async def test_unloading_waits_for_answers_in_flight(folder: Path, name: str):
    go_on = asyncio.Event()

    async def slow(exchange: Exchange) -> web.StreamResponse:
        response = await exchange.open()
        await response.write(chunk("half"))
        await go_on.wait()
        await response.write(chunk(" done", reason="stop"))
        return response

    async with CompletionServer(slow, max_lora_rank=16) as server, engine_at(server, timeout_s=10) as engine:
        await engine.load_release(name, str(folder))
        await engine.serve_release(name)
        async with aclosing(engine.generate(asking_for(None))) as events:
            while not isinstance(await anext(events), Piece):
                pass
            unloading = asyncio.create_task(engine.unload_release(name))
            await asyncio.sleep(0.05)
            assert name in server.loras
            go_on.set()
            rest = await collect(events)
        await unloading

    assert text_of(rest) == " done"
    assert server.loras == {}
