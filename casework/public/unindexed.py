"""A column expression SQLite cannot look up in an index.

SQLite does not know how common a value is: for a condition most rows meet it may choose that index, read all rows and sort them.
PostgreSQL keeps statistics and uses the plain column.
"""

from typing import Any, TypeVar

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.functions import FunctionElement

T = TypeVar("T")


class Unindexed(FunctionElement[T]):
    """The value of a column, for filtering rows but not for finding them."""

    inherit_cache = True
    name = "unindexed"


def unindexed(column: InstrumentedAttribute[T]) -> Unindexed[T]:
    wrapped: Unindexed[T] = Unindexed(column)
    wrapped.type = column.type
    return wrapped


@compiles(Unindexed)
def _plain(element: Unindexed[Any], compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(Unindexed, "sqlite")
def _with_plus(element: Unindexed[Any], compiler: Any, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"
