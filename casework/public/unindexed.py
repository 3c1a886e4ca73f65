"""A column whose index SQLite is not to walk.

It knows nothing of how common a value is: of a condition most rows meet it makes its way, reads them all and sorts them. PostgreSQL
keeps statistics and is left alone.
"""

from typing import Any, TypeVar

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.functions import FunctionElement

T = TypeVar("T")


class Unindexed(FunctionElement[T]):
    """The value of a column, by which rows are judged and not found."""

    inherit_cache = True
    name = "unindexed"


def unindexed(column: InstrumentedAttribute[T]) -> Unindexed[T]:
    """Wrap a column of a model."""
    wrapped: Unindexed[T] = Unindexed(column)
    wrapped.type = column.type
    return wrapped


@compiles(Unindexed)
def _plain(element: Unindexed[Any], compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(Unindexed, "sqlite")
def _with_plus(element: Unindexed[Any], compiler: Any, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"
