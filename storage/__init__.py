"""Storage: the ports of `bot.ports` on SQLAlchemy, for SQLite and PostgreSQL. Rows stay in here; values come out."""
