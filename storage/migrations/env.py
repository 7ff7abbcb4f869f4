"""Alembic's way in. The connection, its transaction included, is handed over by `storage.migrating`."""

from __future__ import annotations

from alembic import context

from storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite changes a table by making another and copying the rows.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
