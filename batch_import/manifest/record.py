"""What every reader of a format yields: one record of the manifest at a time.

This file must not know any format, nor what a column means.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """Why the cells of a record cannot be trusted.

    Attributes:
        code: `width` or `quoting`, as `models.Problem` has it.
        reason: what is wrong, one sentence without the value.
        value: the part of the record that shows it.
        hint: how to mend it.
    """

    code: str
    reason: str
    value: str
    hint: str


#: The first line of the record in the file, from 1; its cells; and what is wrong with it as a
#: whole. A plain tuple, because a manifest may hold a million of them.
Record = tuple[int, list[str], Fault | None]
