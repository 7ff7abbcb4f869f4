"""The tables, as the repositories use them. `storage/migrations` makes them; a test holds the two together.

Ids are given by the caller and sort by time. A turn knows the root of its tree, so that retention finds whole trees
without walking them.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, Float, ForeignKey, Index, Integer, MetaData, Table
from sqlalchemy import UniqueConstraint as Unique

from storage.columns import Json, Key, Moment, Words

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

conversation = Table(
    "conversation",
    metadata,
    Column("id", Key, primary_key=True),
    Column("place_key", Key, nullable=False),
    Column("platform", Key, nullable=False, index=True),
    Column("workspace", Key, nullable=False),
    Column("channel", Key, nullable=False),
    Column("thread", Key, nullable=False),
    Column("kind", Key, nullable=False),
    Column("created_at", Moment, nullable=False),
    Unique("place_key"),
)

turn = Table(
    "turn",
    metadata,
    Column("id", Key, primary_key=True),
    Column("conversation_id", Key, ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False),
    Column("parent_id", Key, ForeignKey("turn.id"), index=True),
    Column("root_id", Key, nullable=False),
    Column("role", Key, nullable=False),
    Column("author", Key, nullable=False, index=True),
    Column("author_name", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("status", Key, nullable=False),
    Column("created_at", Moment, nullable=False, index=True),
    Column("origin", Key, nullable=False),
    Column("aside", Boolean, nullable=False),
    Column("private", Boolean, nullable=False),
    Column("note", Words, nullable=False),
    Column("locale", Key, nullable=False),
    Column("release", Key, index=True),
    Column("prompt", Json),
    # An answer being made when its prompt was erased must not bring it back when it is finished.
    Column("prompt_erased", Boolean, nullable=False, default=False),
    Column("sampling", Json),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("admitted_s", Float),
    Column("first_piece_s", Float),
    Column("finished_s", Float),
    Column("attachments", Json, nullable=False),
    # So that turns without pictures, nearly all, are read and written without a look at the images.
    Column("picture_count", Integer, nullable=False),
    # No foreign key: what it was made from may be deleted while it stays.
    Column("revises", Key),
    Column("change", Key),
    Index(None, "conversation_id", "id"),
    Index(None, "root_id", "created_at"),
)

image = Table(
    "image",
    metadata,
    Column("id", Key, primary_key=True),
    Column("turn_id", Key, ForeignKey("turn.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("file", Words, nullable=False),
    Column("alt", Words, nullable=False),
    Column("parameters", Json, nullable=False),
)

delivery = Table(
    "delivery",
    metadata,
    Column("turn_id", Key, ForeignKey("turn.id", ondelete="CASCADE"), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("state", Key, nullable=False),
    Column("platform", Key),
    Column("channel", Key),
    Column("message", Key),
    Index(None, "platform", "channel", "message"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", Key, primary_key=True),
    Column("platform", Key, nullable=False),
    Column("event_id", Key, nullable=False),
    Column("person", Key, nullable=False, index=True),
    Column("ask", Words),
    Column("question_id", Key, nullable=False, index=True),
    Column("answer_id", Key, nullable=False, index=True),
    Column("state", Key, nullable=False),
    Column("owner", Key),
    Column("held_until", Moment),
    Column("attempts", Integer, nullable=False),
    Column("accepted_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Unique("platform", "event_id"),
    Index(None, "state", "id"),
)

rating = Table(
    "rating",
    metadata,
    Column("turn_id", Key, ForeignKey("turn.id", ondelete="CASCADE"), primary_key=True),
    Column("person", Key, primary_key=True, index=True),
    Column("verdict", Key, nullable=False),
    Column("source", Key, nullable=False),
    Column("rated_at", Moment, nullable=False, index=True),
    Column("release", Key, index=True),
    Column("reason", Words, nullable=False),
)

suggestion = Table(
    "suggestion",
    metadata,
    Column("id", Key, primary_key=True),
    Column("turn_id", Key, ForeignKey("turn.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("person", Key, nullable=False, index=True),
    Column("text", Words, nullable=False),
    Column("suggested_at", Moment, nullable=False),
)

release = Table(
    "release",
    metadata,
    Column("name", Key, primary_key=True),
    Column("base", Words, nullable=False),
    Column("state", Key, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("weights", Words),
    Column("parent", Key),
    Column("fingerprint", Key, nullable=False),
    Column("scores", Json, nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("id", Key, primary_key=True),
    Column("asked_by", Key, nullable=False),
    Column("recipe", Words, nullable=False),
    Column("state", Key, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("used", Integer, nullable=False),
    Column("dropped", Json, nullable=False),
    Column("verdict", Words, nullable=False),
    Column("release", Key),
)

run_metric = Table(
    "run_metric",
    metadata,
    Column("run_id", Key, ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Key, primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("value", Float, nullable=False),
)

preference = Table(
    "preference",
    metadata,
    Column("owner", Key, primary_key=True),
    Column("name", Key, primary_key=True),
    Column("value", Words, nullable=False),
    Column("set_by", Key, nullable=False),
    Column("set_at", Moment, nullable=False),
)

usage = Table(
    "usage",
    metadata,
    Column("person", Key, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("requests", Integer, nullable=False),
    Column("prompt_tokens", BigInteger, nullable=False),
    Column("completion_tokens", BigInteger, nullable=False),
)
