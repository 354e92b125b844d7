"""Generates the reference parts of the documentation pages from the program's own tables.

A page marks the place of a generated part with the line `<!-- generated: NAME -->`. The functions
in this package only format the tables of the program. They contain no expected text.
"""

import re
from collections.abc import Callable
from typing import Final

from generate import tables
from generate.commands import commands, options
from generate.json_output import json_output
from generate.problems import problems

_PLACEHOLDER: Final = re.compile(r"<!-- generated: ([\w-]+) -->")
#: Name of a part in a page → the function that returns its Markdown.
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
    """Return the Markdown of a page with each placeholder replaced by its generated part.

    Raises:
        KeyError: a placeholder names a part that does not exist.
    """
    return _PLACEHOLDER.sub(lambda placeholder: PARTS[placeholder[1]](), page)
