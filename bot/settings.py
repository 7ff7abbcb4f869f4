"""Settings, a frozen value for each area, read once from the environment and `.env`.

`Settings.load()` is called in `bot/__main__.py` alone; everyone else is handed the area that concerns them. Every
variable stands in `.env.example` with a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import SettingsError

BUNDLED_WRITER = Path(__file__).parent / "models" / "writer"
BUNDLED_PAINTER = Path(__file__).parent / "models" / "painter"


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_split)]


class _Area(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StorageSettings(_Area):
    """Where things are kept."""

    data_folder: Path
    database_url: str
    retention_days: int


class EngineSettings(_Area):
    """Which models answer, and how."""

    text_model: str
    image_model: str
    engine_url: tuple[str, ...]
    engine_model: str
    engine_key: str
    engine_window: int
    engine_timeout_s: float
    threads: int
    dtype: Literal["auto", "float32", "bfloat16", "int8"]
    data_folder: Path


class PictureSettings(_Area):
    """Which pictures may be drawn and shown. `checker` names an image classifier; "" means none."""

    policy: Literal["on", "off"]
    blocked_words: Path | None
    checker: str


class ChatSettings(_Area):
    """Who is served, how much, and what a reply may cost."""

    bot_name: str
    instructions: str
    admins: tuple[str, ...]
    person_budget: str
    place_budget: str
    queue_limit: int
    idle_minutes: int
    max_answer_tokens: int
    data_folder: Path


class WebSettings(_Area):
    """The page."""

    host: str
    port: int
    token: str
    data_folder: Path


class LearningSettings(_Area):
    """When and how the bot learns from votes, and how a new release is brought in."""

    text_model: str
    least_ratings: int
    person_share: float
    retrain_schedule: str
    retrain_after_votes: int
    training_threads: int
    training_nice: int
    release_canary_share: float
    release_least_votes: int
    keep_releases: int
    data_folder: Path


class DiscordSettings(_Area):
    """The bot on Discord; without a token it is not there. The addresses point it at another compatible server."""

    token: str
    message_content: bool
    api_url: str
    gateway_url: str
    good_reactions: tuple[str, ...]
    bad_reactions: tuple[str, ...]
    catch_up_hours: float
    bot_name: str
    data_folder: Path


class SlackSettings(_Area):
    """The app on Slack; without a bot token it is not there.

    With an app token it listens by Socket Mode, else by HTTP on `http_port`, where a signing secret proves that a
    request is Slack's.
    """

    bot_token: str
    app_token: str
    signing_secret: str
    http_host: str
    http_port: int
    api_url: str
    good_reactions: tuple[str, ...]
    bad_reactions: tuple[str, ...]
    catch_up_hours: float
    bot_name: str
    data_folder: Path


class LogSettings(_Area):
    """How much is logged, and as what."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]
    format: Literal["text", "json"]


class _Environment(BaseSettings):
    """The variables as they are named. Bounds stand here, so that a bad value is reported by its variable's name."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True, enable_decoding=False
    )

    data_folder: Path = Path("data")
    database_url: str = ""
    retention_days: Annotated[int, Field(ge=0, le=36_500)] = 0
    text_model: str = ""
    image_model: str = ""
    image_policy: Literal["on", "off"] = "on"
    image_blocked_words: Path | None = None
    image_checker: str = ""
    engine_url: Names = ()
    engine_model: str = ""
    engine_key: str = ""
    engine_window: Annotated[int, Field(ge=256, le=10_000_000)] = 8192
    engine_timeout_s: Annotated[float, Field(gt=0, le=3600)] = 60.0
    engine_threads: Annotated[int, Field(ge=0, le=1024)] = 0
    engine_dtype: Literal["auto", "float32", "bfloat16", "int8"] = "auto"
    bot_name: Annotated[str, Field(min_length=1, max_length=32)] = "Inkling"
    instructions: str = ""
    admins: Names = ()
    person_budget: str = "20/minute"
    place_budget: str = "60/minute"
    queue_limit: Annotated[int, Field(ge=1, le=100_000)] = 200
    idle_minutes: Annotated[int, Field(ge=0, le=100_000)] = 30
    max_answer_tokens: Annotated[int, Field(ge=8, le=100_000)] = 256
    web_host: str = "127.0.0.1"
    web_port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    web_token: str = ""
    retrain_least_ratings: Annotated[int, Field(ge=10, le=1_000_000)] = 50
    retrain_person_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    retrain_schedule: str = ""
    retrain_after_votes: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    training_threads: Annotated[int, Field(ge=0, le=1024)] = 0
    training_nice: Annotated[int, Field(ge=0, le=19)] = 10
    release_canary_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    release_least_votes: Annotated[int, Field(ge=5, le=100_000)] = 20
    keep_releases: Annotated[int, Field(ge=1, le=1000)] = 5
    discord_token: str = ""
    discord_message_content: bool = True
    discord_api_url: str = "https://discord.com/api/v10"
    discord_gateway_url: str = "wss://gateway.discord.gg/"
    slack_bot_token: str = ""
    slack_app_token: str = ""
    slack_signing_secret: str = ""
    slack_http_host: str = "127.0.0.1"
    slack_http_port: Annotated[int, Field(ge=0, le=65_535)] = 3000
    slack_api_url: str = "https://slack.com/api/"
    good_reactions: Names = ("👍", "+1", "thumbsup")
    bad_reactions: Names = ("👎", "-1", "thumbsdown")
    catch_up_hours: Annotated[float, Field(ge=0, le=720)] = 6.0
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    @field_validator("person_budget", "place_budget")
    @classmethod
    def _is_a_rate(cls, value: str) -> str:
        from limits import parse

        try:
            parse(value)
        except ValueError:
            raise ValueError('write a number and a time, such as "20/minute" or "500/day"') from None
        return value

    @field_validator("retrain_schedule")
    @classmethod
    def _is_a_schedule(cls, value: str) -> str:
        from cronsim import CronSim, CronSimError

        try:
            if value:
                CronSim(value, datetime.now(UTC))
        except CronSimError:
            raise ValueError('write five fields as in a crontab, such as "0 3 * * 1" for Mondays at 3:00') from None
        return value

    @field_validator("engine_url")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            if not address.startswith(("http://", "https://")):
                raise ValueError(f'an address begins with http:// or https://, not "{address}"')
        return value

    @field_validator("admins")
    @classmethod
    def _are_people(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for person in value:
            platform, _, name = person.partition("/")
            if platform not in ("discord", "slack", "web", "terminal") or not name:
                raise ValueError(f'write people as platform/id, such as "slack/U012AB3CD", not "{person}"')
        return value


class Settings(_Area):
    """All areas."""

    storage: StorageSettings
    engine: EngineSettings
    pictures: PictureSettings
    chat: ChatSettings
    web: WebSettings
    learning: LearningSettings
    discord: DiscordSettings
    slack: SlackSettings
    log: LogSettings

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")) -> Self:
        """Read the settings.

        Args:
            environ: read instead of the process's environment (then no file is read either).

        Raises:
            SettingsError: a value is wrong; the text names every such variable, what it was given, and the remedy.
        """
        try:
            if environ is None:
                read = _Environment(_env_file=env_file)
            else:
                read = _Environment.model_validate({name.lower(): value for name, value in environ.items() if value})
        except ValidationError as error:
            raise SettingsError(_explain(error)) from error
        return cls._from(read)

    @classmethod
    def _from(cls, read: _Environment) -> Self:
        folder = read.data_folder.expanduser().absolute()
        given: dict[str, Any] = read.model_dump() | {"data_folder": folder}

        def area(kind: type[_Area], **renamed: Any) -> Any:
            return kind(**{name: given[name] for name in kind.model_fields if name not in renamed}, **renamed)

        return cls(
            storage=area(StorageSettings),
            engine=area(
                EngineSettings,
                text_model=read.text_model or str(BUNDLED_WRITER),
                image_model=_painter(read.image_model),
                threads=read.engine_threads,
                dtype=read.engine_dtype,
            ),
            pictures=area(
                PictureSettings,
                policy=read.image_policy,
                blocked_words=read.image_blocked_words,
                checker=read.image_checker,
            ),
            chat=area(ChatSettings),
            web=area(WebSettings, host=read.web_host, port=read.web_port, token=read.web_token),
            learning=area(
                LearningSettings,
                text_model=read.text_model or str(BUNDLED_WRITER),
                least_ratings=read.retrain_least_ratings,
                person_share=read.retrain_person_share,
            ),
            discord=area(
                DiscordSettings,
                token=read.discord_token,
                message_content=read.discord_message_content,
                api_url=read.discord_api_url.rstrip("/"),
                gateway_url=read.discord_gateway_url,
            ),
            slack=area(
                SlackSettings,
                bot_token=read.slack_bot_token,
                app_token=read.slack_app_token,
                signing_secret=read.slack_signing_secret,
                http_host=read.slack_http_host,
                http_port=read.slack_http_port,
                api_url=read.slack_api_url.rstrip("/") + "/",
            ),
            log=area(LogSettings, level=read.log_level, format=read.log_format),
        )


def _painter(given: str) -> str:
    """The pipeline that is named, else the bundled one; "" for none."""
    if given:
        return "" if given.lower() == "none" else given
    return bundled_painter()


def bundled_painter() -> str:
    """The bundled pipeline's folder; "" where it was left out."""
    return str(BUNDLED_PAINTER) if (BUNDLED_PAINTER / "model_index.json").is_file() else ""


def _explain(error: ValidationError) -> str:
    """Every wrong variable in a line, secrets left out."""
    rows = []
    for problem in error.errors(include_url=False, include_context=False):
        name = str(problem["loc"][0]).upper()
        given = "" if name.endswith(("TOKEN", "KEY", "SECRET", "_URL")) else f" (it is {problem['input']!r})"
        rows.append(f"{name}: {problem['msg'].removeprefix('Value error, ')}{given}.")
    return "\n".join([*rows, "Change it in .env or in the environment; .env.example explains every setting."])
