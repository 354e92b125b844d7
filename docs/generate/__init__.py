"""The generated parts of the pages: tables and lists made from the program's own tables.

A page has a line `<!-- generated: NAME -->` where a part belongs. Nothing here knows what is
expected of a part: what a table of the program says is what the page says.
"""

import re
from collections.abc import Callable
from typing import Final

from generate import tables
from generate.commands import commands, options
from generate.json_output import json_output
from generate.problems import problems

_MARK: Final = re.compile(r"<!-- generated: ([\w-]+) -->")
PARTS: Final[dict[str, Callable[[], str]]] = {
    "commands": commands,
    "options": options,
    "statuses": tables.statuses,
    "failure-codes": tables.failure_codes,
    "verdicts": tables.verdicts,
    "exit-codes": tables.exit_codes,
    "problems": problems,
    "results-columns": tables.results_columns,
    "knobs": tables.knobs,
    "json": json_output,
    "python": tables.python,
}


def filled(page: str) -> str:
    """A page with its generated parts.

    Raises:
        KeyError: there is no such part.
    """
    return _MARK.sub(lambda mark: PARTS[mark[1]](), page)
