"""What a person can say about how their manifest is to be read.

This file must not know any format: it is imported by the command line, which must start fast.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Options:
    """How to read a manifest. Nothing said means: find out.

    Attributes:
        overrides: field → column (`--map`); stronger than any name.
        defaults: field → value where a cell is blank or the column is missing (`--default`).
        sheet: name of the sheet of a workbook (`--sheet`).
        records: where the records of JSON or YAML are, as `items.videos` (`--records`).
        columns: names of the columns of a file without a header (`--columns`).
    """

    overrides: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    sheet: str | None = None
    records: str | None = None
    columns: tuple[str, ...] = ()
