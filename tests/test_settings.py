from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import Settings, _Environment

ROOT = Path(__file__).parent.parent


def test_nothing_set_gives_the_defaults_of_the_example_file() -> None:
    example = dict(
        line.split("=", 1)
        for line in (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    )

    assert Settings.load(example) == Settings.load({})
    assert {name.lower() for name in example} == set(_Environment.model_fields)


def test_every_setting_has_a_sentence_in_the_example_file() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    settings = [index for index, line in enumerate(lines) if re.match(r"[A-Z_]+=", line)]

    bare = {lines[index].split("=")[0] for index in settings if not lines[index - 1].startswith("#")}

    # These two share the sentence of the line above them.
    assert bare == {"PLACE_BUDGET", "WEB_PORT"}


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("WEB_PORT", "http", "integer"),
        ("WEB_PORT", "70000", "65535"),
        ("PERSON_BUDGET", "lots", "20/minute"),
        ("ENGINE_URL", "localhost:8001", "http://"),
        ("ADMINS", "bob", "platform/id"),
        ("ENGINE_DTYPE", "int3", "bfloat16"),
        ("LOG_LEVEL", "loud", "DEBUG"),
        ("IMAGE_POLICY", "maybe", "'on' or 'off'"),
        ("RETENTION_DAYS", "-1", "greater than or equal to 0"),
    ],
)
def test_a_bad_value_is_reported_by_its_name_with_the_remedy(name: str, value: str, remedy: str) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.load({name: value})

    assert name in str(error.value)
    assert remedy in str(error.value)
    assert ".env.example" in str(error.value)


def test_a_painter_can_be_named_or_left_out() -> None:
    assert Settings.load({"IMAGE_MODEL": "owner/painter"}).engine.image_model == "owner/painter"
    assert Settings.load({"IMAGE_MODEL": "none"}).engine.image_model == ""


def test_every_bad_value_is_reported_at_once() -> None:
    with pytest.raises(SettingsError, match=r"(?s)WEB_PORT.*LOG_LEVEL|LOG_LEVEL.*WEB_PORT"):
        Settings.load({"WEB_PORT": "x", "LOG_LEVEL": "y"})


def test_a_secret_is_not_repeated_in_the_error() -> None:
    with pytest.raises(SettingsError) as error:
        Settings.load({"ENGINE_URL": "ftp://user:hunter2@host"})

    assert "(it is" not in str(error.value)


def test_lists_are_written_with_commas() -> None:
    settings = Settings.load({"ADMINS": "slack/U1, web/ana,", "ENGINE_URL": "http://a,http://b"})

    assert settings.chat.admins == ("slack/U1", "web/ana")
    assert settings.engine.engine_url == ("http://a", "http://b")


def test_the_env_file_is_read_and_the_environment_outweighs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("WEB_PORT=9001\nBOT_NAME=墨\n", encoding="utf-8")
    monkeypatch.setenv("WEB_PORT", "9002")

    settings = Settings.load(env_file=tmp_path / ".env")

    assert settings.web.port == 9002
    assert settings.chat.bot_name == "墨"
