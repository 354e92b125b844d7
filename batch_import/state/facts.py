"""Values that belong to a whole job, called facts: each with its name, type and meaning.

This module must not know who sets a fact, nor what it is used for.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

from batch_import.addresses.signatures import NO_EXTRA_NAMES
from batch_import.configuration.declaration import settings_of
from batch_import.configuration.result_options import ResultOptions
from batch_import.state import statements
from batch_import.state.connection import Connection

T = TypeVar("T")


class AccountSearch(StrEnum):
    """Whether the account was searched for rows of the manifest before the first POST."""

    #: Not finished: the next run searches the account.
    NOT_DONE = ""
    #: The whole media list was read.
    DONE = "done"
    #: The media list cannot be used: each row is searched for before its POST.
    EACH_ROW = "each row"


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A fact and its value as text, ready to be stored."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """The definition of a fact.

    Attributes:
        default: its value if nothing is stored.
        decode, encode: functions that convert the stored text to the value and back.
    """

    name: str
    default: T
    decode: Callable[[str], T]
    encode: Callable[[T], str] = str

    def of(self, value: T) -> StoredFact:
        """Returns this fact with a value, ready to be stored."""
        return StoredFact(self.name, self.encode(value))


_RESULT_OPTIONS: Final = frozenset(each.name for each in settings_of(ResultOptions))


def _result_options(text: str) -> ResultOptions:
    # Unknown options, of another version of the program, are ignored.
    known = {name: value for name, value in json.loads(text).items() if name in _RESULT_OPTIONS}
    if isinstance(known.get("cms_format"), list):
        known["cms_format"] = tuple(known["cms_format"])
    return ResultOptions(**known)


def _names(text: str) -> frozenset[str]:
    return frozenset(json.loads(text))


def _pairs(text: str) -> dict[str, str]:
    return dict(json.loads(text))


@dataclass(frozen=True, slots=True)
class IgnoredEdits:
    """Rows of the manifest that were edited after they were sent.

    Attributes:
        line: line number of the first such row; 0 if there is none.
    """

    count: int = 0
    line: int = 0


NO_EDITS: Final = IgnoredEdits()
#: The value of `PILOT` if no pilot is unfinished.
NO_PILOT: Final[tuple[str, list[int]]] = ("", [])
#: Identifies the job in `failed.csv`, even if its folder is moved; empty before the first manifest.
JOB_ID: Final = Fact("job_id", "", str)
#: The values for blank cells that were used when the manifest was loaded last, by field.
DEFAULTS: Final[Fact[dict[str, str]]] = Fact("defaults", {}, _pairs, json.dumps)
#: Absolute path of the manifest that was loaded last.
MANIFEST: Final = Fact("manifest", "", str)
#: Identifies the loaded manifest: its content, its columns, how it was read, and the program's
#: version.
FINGERPRINT: Final = Fact("fingerprint", "", str)
#: Rows that were edited after they were sent, in the manifest that was loaded last, as JSON.
IGNORED_EDITS: Final = Fact(
    "ignored_edits",
    NO_EDITS,
    lambda text: IgnoredEdits(**json.loads(text)),
    lambda edits: json.dumps(asdict(edits)),
)
#: Number of the header of the manifest in the table `header`; 0 before the first manifest.
HEADER: Final = Fact("header", 0, int)
#: Names of URL parameters that are signatures, as JSON: those that the user has named so far.
SIGNING: Final = Fact("signing", NO_EXTRA_NAMES, _names, lambda names: json.dumps(sorted(names)))
#: Whether the account was searched for rows of the manifest.
ACCOUNT_SEARCH: Final = Fact("account_search", AccountSearch.NOT_DONE, AccountSearch)
#: The settings with which the rows of an unfinished pilot were chosen, and the numbers of these
#: rows.
PILOT: Final[Fact[tuple[str, list[int]]]] = Fact(
    "pilot", NO_PILOT, lambda text: tuple(json.loads(text)), json.dumps
)
#: What runs have learned about the account's media lists: the text of `ListConsistency.dump`.
LIST_CONSISTENCY: Final = Fact("list_evidence", "", str)
#: Base URL of the API that the job uses; empty before the first request, like the next two facts.
API_BASE: Final = Fact("api_base", "", str)
#: ID of the account into which the job's rows are imported.
ACCOUNT: Final = Fact("account", "", str)
#: Scheme and host of the embed pages.
EMBED_BASE: Final = Fact("embed_base", "", str)
#: The options for the job's results.
RESULT_OPTIONS: Final = Fact(
    "result_options", ResultOptions(), _result_options, lambda o: json.dumps(asdict(o))
)
#: The groups of problems that were shown last, as JSON. They are shown again only if they change.
PROBLEMS_SHOWN: Final = Fact("problems_shown", "[]", str)
#: SHA-256 of `results.xlsx` as it was last written; empty if people have added columns to it.
WORKBOOK_DIGEST: Final = Fact("workbook_digest", "", str)

#: What `failed.csv` was written from, and the file's state then (`reports/write.py`).
FAILED_CSV: Final = Fact("failed_csv", "", str)
#: Where the job database was moved to, for messages; empty if it was not moved.
MOVED_TO: Final = Fact("moved_to", "", str)
#: What `results.csv` contains, as JSON (`reports/results_csv.py`). If empty, it is written as a
#: whole.
RESULTS_CSV: Final = Fact("results_csv", "", str)


class Facts:
    """The facts of one job."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, fact: Fact[T]) -> T:
        """Returns the value of a fact."""
        found = self._connection.row(statements.FACT, (fact.name,))
        if not found:
            return fact.default
        with self._connection.decoding():
            return fact.decode(found[0])

    def save(self, *facts: StoredFact) -> None:
        """Store facts in one transaction."""
        with self._connection.transaction() as db:
            db.executemany(statements.SAVE_FACT, fact_parameters(facts))


def fact_parameters(facts: Iterable[StoredFact]) -> list[tuple[str, str]]:
    """Returns the parameters of the statement `SAVE_FACT`."""
    return [(fact.name, fact.text) for fact in facts]
