"""Column types that mean the same on SQLite and PostgreSQL: words, keys, moments and JSON.

`to_sqlite` and `from_sqlite` are what `storage.prepared` calls for every value, where SQLAlchemy's way there would take
several calls.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator, TypeEngine

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Words(TypeDecorator[str]):
    """Free text. What a database cannot hold, lone surrogates and NUL, is stored as U+FFFD."""

    impl = Text
    cache_ok = True

    @staticmethod
    def to_sqlite(value: str | None) -> str | None:
        return None if value is None else storable(value)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return self.to_sqlite(value)


class Key(Words):
    """An identity, compared and sorted byte by byte, so that ids sort by time whatever the database's language is."""

    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return postgresql.TEXT(collation="C") if dialect.name == "postgresql" else Text()


class Moment(TypeDecorator[datetime]):
    """A time: aware values go in, UTC is stored, aware values in UTC come out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment = _in_utc(value)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    @staticmethod
    def to_sqlite(value: datetime | None) -> str | None:
        return None if value is None else _in_utc(value).replace(tzinfo=None).isoformat(" ", "microseconds")

    @staticmethod
    def from_sqlite(stored: str | None) -> datetime | None:
        return None if stored is None else datetime.fromisoformat(stored).replace(tzinfo=UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """A value as JSON text, in which every language stays readable."""

    impl = Text
    cache_ok = True

    @staticmethod
    def to_sqlite(value: Any) -> str | None:
        if value is None:
            return None
        return storable(_ENCODER.encode(value)) if value != [] else "[]"

    @staticmethod
    def from_sqlite(stored: str | None) -> Any:
        if stored is None:
            return None
        return json.loads(stored) if stored != "[]" else []

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return self.to_sqlite(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return self.from_sqlite(value)


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(UTC)


def storable(text: str) -> str:
    """The text as both databases can hold it."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
