"""Statements of the busiest paths: built and compiled once, run with plain values.

Building a statement of many columns takes SQLAlchemy longer than running it takes SQLite, and an answered message needs
a dozen of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Executable, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement
from sqlalchemy.sql.selectable import ReturnsRows

Values = Mapping[str, Any]
Rows = Sequence[Sequence[Any]]
Query = tuple["Prepared", Values]
AnyInsert = sqlite.Insert | postgresql.Insert
Processor = Callable[[Any], Any]

_DIALECT = sqlite.dialect(paramstyle="qmark")


class Prepared:
    """A statement for both dialects. It is given values for its bound parameters (or, where it inserts or updates
    without naming them, for its columns), the same names each time; its rows come as plain sequences.
    """

    def __init__(self, on_sqlite: Executable, on_postgresql: Executable | None = None) -> None:
        self.statement = on_sqlite if on_postgresql is None else on_postgresql
        self._on_sqlite = on_sqlite
        self._compiled: _Compiled | None = None

    def on_sqlite(self, values: Values) -> _Compiled:
        """The statement as SQLite's driver takes it."""
        if self._compiled is None:
            self._compiled = _Compiled(self._on_sqlite, list(values))
        return self._compiled


def prepared_insert(table: Table, complete: Callable[[AnyInsert], Insert]) -> Prepared:
    """An insert that does in either dialect what `complete` adds on a conflict."""
    return Prepared(complete(sqlite.insert(table)), complete(postgresql.insert(table)))


class _Compiled:
    """SQL, and the conversions of what goes in and comes out. Parameters that become lists are beyond it."""

    def __init__(self, statement: Executable, names: Sequence[str]) -> None:
        assert isinstance(statement, ClauseElement)
        compiled = statement.compile(dialect=_DIALECT, column_keys=names)
        assert isinstance(compiled, SQLCompiler)
        self.sql = str(compiled)
        bound = [compiled.binds[name] for name in compiled.positiontup or ()]
        self._constants = {each.key: each.value for each in bound if not each.required}
        self._inputs = [(each.key, _to_sqlite(each.type)) for each in bound]
        converted = [_from_sqlite(column.type) for column in _columns_of(statement)]
        self._outputs = [(index, convert) for index, convert in enumerate(converted) if convert is not None]

    def parameters(self, values: Values) -> Sequence[Any]:
        """The values in the order of the SQL, as the driver takes them."""
        given = {**self._constants, **values}
        return [given[name] if convert is None else convert(given[name]) for name, convert in self._inputs]

    def rows(self, stored: Rows) -> Rows:
        """The driver's rows as values."""
        return [self._row(row) for row in stored] if self._outputs else stored

    def _row(self, stored: Sequence[Any]) -> Sequence[Any]:
        row = list(stored)
        for index, convert in self._outputs:
            row[index] = convert(row[index])
        return row


def _to_sqlite(type_: Any) -> Processor | None:
    ours: Processor | None = getattr(type_, "to_sqlite", None)
    return ours or type_.dialect_impl(_DIALECT).bind_processor(_DIALECT)


def _from_sqlite(type_: Any) -> Processor | None:
    ours: Processor | None = getattr(type_, "from_sqlite", None)
    return ours or type_.dialect_impl(_DIALECT).result_processor(_DIALECT, None)


def _columns_of(statement: Executable) -> Sequence[Any]:
    return list(statement.exported_columns) if isinstance(statement, ReturnsRows) else []
