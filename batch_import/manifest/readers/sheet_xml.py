"""Errors in the XML of a workbook, and tag names without namespace prefixes. No I/O.

This module must not know which elements a workbook has.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from xml.parsers.expat import ExpatError

#: The values of an attribute that mean true.
TRUE_VALUES: Final = ("1", "true")


class InvalidPart(ValueError):
    """A part of the workbook is not valid XML, or is too large. The message is for the user."""


@contextmanager
def report_invalid_xml(part: str) -> Iterator[None]:
    """Turn the errors of expat in the `with` block into an `InvalidPart`.

    Raises:
        InvalidPart: the part is not valid XML, or expat does not know its encoding.
    """
    try:
        yield
    except InvalidPart:
        raise
    except (ExpatError, LookupError, ValueError) as error:
        raise InvalidPart(f"its part {part} is not valid XML") from error


def local_name(tag: str) -> str:
    """Return the name of a tag or an attribute without its namespace prefix."""
    return tag.rpartition(":")[2] if ":" in tag else tag


def refuse_document_type(*_: object) -> None:
    """Handle a document type declaration, which may define entities of any size.

    Raises:
        InvalidPart: always.
    """
    raise InvalidPart("it declares entities, which no spreadsheet does")
