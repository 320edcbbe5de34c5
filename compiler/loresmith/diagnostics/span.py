"""Where something stands in a source file."""

from __future__ import annotations

from typing import Any, NamedTuple

from pydantic_core import core_schema


class Span(NamedTuple):
    """A range of characters in one file; lines and columns count from 1, `end_column` is exclusive.

    A scenario has a hundred of them: a named tuple is made in a fifth of a model's time. In JSON it is an array.
    """

    line: int
    column: int
    end_line: int
    end_column: int

    def up_to(self, last: Span) -> Span:
        """From where this one begins to where `last` ends."""
        return Span(self.line, self.column, last.end_line, last.end_column)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> core_schema.CoreSchema:
        """An instance in Python, four whole numbers in JSON."""
        numbers = core_schema.tuple_schema([core_schema.int_schema()] * len(cls._fields))
        return core_schema.json_or_python_schema(
            json_schema=core_schema.no_info_after_validator_function(cls._make, numbers),
            python_schema=core_schema.is_instance_schema(cls),
        )
