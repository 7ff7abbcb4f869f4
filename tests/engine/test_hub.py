"""Models from the Hub, fetched by the real huggingface_hub from a Hub of the tests' own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from bot.domain.generation import Download
from bot.engine import hub
from bot.errors import ModelUnreachable
from tests.engine.hub_server import COMMIT, REPO, HubServer

WANTED = hub.Wanted("TEXT_MODEL", ("*.json", "*.safetensors"))
WEIGHTS = "model.safetensors"
SIZE = 3_000_000


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"}))
    (folder / WEIGHTS).write_bytes(os.urandom(SIZE))
    for name in ("modeling.py", "pytorch_model.bin", "model.pt"):
        (folder / name).write_bytes(b"import os" * 100)
    return folder


@pytest.fixture
def server(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """The Hub that this process knows, with an empty cache."""
    from huggingface_hub import constants

    server = HubServer(repository)
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", server.url + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    # What comes in one piece: 10 MB, more than any file here.
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 100_000)
    yield server
    server.close()


def test_weights_as_safetensors_are_fetched_and_neither_code_nor_pickles(server: HubServer, repository: Path) -> None:
    folder = hub.fetch(REPO, WANTED)

    assert {path.name for path in folder.iterdir()} == server.fetched() == {"config.json", WEIGHTS}
    assert (folder / WEIGHTS).read_bytes() == (repository / WEIGHTS).read_bytes()
    assert folder.name == COMMIT


def test_progress_is_told_in_bytes_up_to_the_whole(server: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_TELL_EVERY_S", 0.0)
    told: list[tuple[int, int]] = []

    hub.fetch(REPO, WANTED, lambda done, total: told.append((done, total)))

    shares = [done for done, _ in told]
    assert {total for _, total in told} == {shares[-1]}
    assert shares == sorted(shares)
    assert len(set(shares)) > 20


def test_a_model_that_is_here_is_not_fetched_again(server: HubServer) -> None:
    first = hub.fetch(REPO, WANTED)
    server.asked.clear()

    assert hub.fetch(REPO, WANTED) == first
    assert server.asked == []


def test_a_dropped_connection_goes_on_where_it_broke(server: HubServer, repository: Path) -> None:
    server.drop_at[WEIGHTS] = 1_000_000

    folder = hub.fetch(REPO, WANTED)

    assert [start for name, start in server.asked if name == WEIGHTS] == [0, 1_000_000]
    assert (folder / WEIGHTS).read_bytes() == (repository / WEIGHTS).read_bytes()


def test_a_killed_download_goes_on_where_it_was(server: HubServer, repository: Path, tmp_path: Path) -> None:
    code = (
        "from bot.engine import hub; from huggingface_hub import constants; constants.DOWNLOAD_CHUNK_SIZE = 100_000;"
        f"hub.fetch({REPO!r}, hub.Wanted('', ('*.json', '*.safetensors')))"
    )
    environ = {**os.environ, "HF_ENDPOINT": server.url, "HF_HUB_CACHE": str(tmp_path / "cache")}
    server.seconds_a_piece = 0.05
    fetching = subprocess.Popen([sys.executable, "-c", code], env=environ)
    parts = tmp_path / "cache" / "models--tests--model" / "blobs"
    while not any(part.stat().st_size > 200_000 for part in parts.glob("*.part")):
        assert fetching.poll() is None
        time.sleep(0.02)
    fetching.send_signal(signal.SIGKILL)
    fetching.wait()
    server.seconds_a_piece = 0.0
    left = next(part.stat().st_size for part in parts.glob("*.part") if part.stat().st_size)
    assert hub.kept(REPO, WANTED).folder is None
    assert hub.kept(REPO, WANTED).part_bytes >= left

    folder = hub.fetch(REPO, WANTED)

    assert server.asked[-1] == (WEIGHTS, left)
    assert (folder / WEIGHTS).read_bytes() == (repository / WEIGHTS).read_bytes()
    assert hub.kept(REPO, WANTED).folder == folder


def test_a_file_that_came_damaged_is_named_with_its_checksum_and_fetched_anew(
    server: HubServer, tmp_path: Path
) -> None:
    sound = (server.folder / WEIGHTS).read_bytes()
    server.drop_at[WEIGHTS] = 500_000
    parts = tmp_path / "cache" / "models--tests--model" / "blobs"
    parts.mkdir(parents=True)
    (parts / f"{sha256(sound).hexdigest()}.part").write_bytes(b"not the weights at all")

    with pytest.raises(ModelUnreachable, match=rf"{WEIGHTS} came damaged \(SHA-256 .*{sha256(sound).hexdigest()}"):
        hub.fetch(REPO, WANTED)
    assert (hub.fetch(REPO, WANTED) / WEIGHTS).read_bytes() == sound


def test_without_a_network_what_is_here_whole_is_taken(server: HubServer) -> None:
    folder = hub.fetch(REPO, WANTED)
    server.close()

    assert hub.fetch(REPO, WANTED) == folder


def test_without_a_network_a_part_of_a_model_is_not_taken_for_the_whole(server: HubServer) -> None:
    hub.fetch(REPO, hub.Wanted("", ("config.json",)))
    server.close()

    with pytest.raises(ModelUnreachable, match="Check the network"):
        hub.fetch(REPO, WANTED)
    assert hub.kept(REPO, WANTED).folder is None


def test_without_a_network_a_model_that_is_not_here_is_said_in_a_sentence(server: HubServer) -> None:
    server.close()

    with pytest.raises(ModelUnreachable, match=r"could not be had from the Hugging Face Hub: .*Check the network"):
        hub.fetch(REPO, WANTED)


def test_a_model_that_the_hub_does_not_know_is_said_so(server: HubServer) -> None:
    with pytest.raises(ModelUnreachable, match="there is no such model"):
        hub.fetch("tests/another", WANTED)


def test_a_download_in_words() -> None:
    assert (
        hub.progress_line("org/name", Download(12_340_000, 480_000_000))
        == "downloading org/name: 12.3 of 480.0 MB (2 %)"
    )
