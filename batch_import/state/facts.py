"""What is true of a whole job: each fact with its name, its type and its meaning.

This file must not know who sets a fact, nor what follows from it.
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
    """How far the rows of the manifest were looked for in the account before the first create."""

    #: Not to the end: the next run looks for them.
    NOT_DONE = ""
    #: The account's list was read.
    DONE = "done"
    #: The list is of no use: each row is looked for before it is created.
    EACH_ROW = "each row"


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A fact and its value, ready to be written."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """A kind of fact.

    Attributes:
        default: its value where nothing was stored.
        decode, encode: between the value and the text that is stored.
    """

    name: str
    default: T
    decode: Callable[[str], T]
    encode: Callable[[T], str] = str

    def of(self, value: T) -> StoredFact:
        """This fact with a value."""
        return StoredFact(self.name, self.encode(value))


_RESULT_OPTIONS: Final = frozenset(each.name for each in settings_of(ResultOptions))


def _result_options(text: str) -> ResultOptions:
    # Options of a version that had fewer of them, or more, are read all the same.
    known = {name: value for name, value in json.loads(text).items() if name in _RESULT_OPTIONS}
    if isinstance(known.get("cms_format"), list):
        known["cms_format"] = tuple(known["cms_format"])
    return ResultOptions(**known)


def _names(text: str) -> frozenset[str]:
    return frozenset(json.loads(text))


def _pairs(text: str) -> dict[str, str]:
    return dict(json.loads(text))


#: No pilot is unfinished.
NO_PILOT: Final[tuple[str, list[int]]] = ("", [])
#: Names the job in `failed.csv`, wherever its folder is moved; empty before the first manifest.
JOB_ID: Final = Fact("job_id", "", str)
#: What filled blank cells when the manifest was loaded last: field → value.
DEFAULTS: Final[Fact[dict[str, str]]] = Fact("defaults", {}, _pairs, json.dumps)
#: The absolute path of the manifest that was loaded last.
MANIFEST: Final = Fact("manifest", "", str)
#: Identifies the loaded manifest: its content, its columns, how it was read, the program's version.
FINGERPRINT: Final = Fact("fingerprint", "", str)
#: The number of the header of that manifest (table `header`); 0 before the first.
HEADER: Final = Fact("header", 0, int)
#: Names of parameters of addresses that sign, as JSON: those that the user has named so far.
SIGNING: Final = Fact("signing", NO_EXTRA_NAMES, _names, lambda names: json.dumps(sorted(names)))
ACCOUNT_SEARCH: Final = Fact("account_search", AccountSearch.NOT_DONE, AccountSearch)
#: The rows of a pilot that has not come to its end, by their numbers, behind the settings that they
#: were chosen with.
PILOT: Final[Fact[tuple[str, list[int]]]] = Fact(
    "pilot", NO_PILOT, lambda text: tuple(json.loads(text)), json.dumps
)
#: What the account's lists proved to be like, for runs to come: the engine's own text.
LIST_CONSISTENCY: Final = Fact("list_evidence", "", str)
#: Where the API is that the job talks to; empty before its first call, like the next two.
API_BASE: Final = Fact("api_base", "", str)
#: The id of the account that the job's rows are imported into.
ACCOUNT: Final = Fact("account", "", str)
#: The origin of the embed pages.
EMBED_BASE: Final = Fact("embed_base", "", str)
#: How the job's results look.
RESULT_OPTIONS: Final = Fact(
    "result_options", ResultOptions(), _result_options, lambda o: json.dumps(asdict(o))
)
#: The kinds of problems that were shown last, as JSON: they are shown again only when they change.
PROBLEMS_SHOWN: Final = Fact("problems_shown", "[]", str)
#: SHA-256 of `results.xlsx` as it was last written; empty where people have added columns to it.
WORKBOOK_DIGEST: Final = Fact("workbook_digest", "", str)

#: What `failed.csv` was written from, and how the file was then (`reports/write.py`).
FAILED_CSV: Final = Fact("failed_csv", "", str)
#: Where the state was moved to, as messages show it; empty where this is the job's state.
MOVED_TO: Final = Fact("moved_to", "", str)
#: What `results.csv` holds, as JSON (`reports/results_csv.py`); empty: it is to be written anew.
RESULTS_CSV: Final = Fact("results_csv", "", str)


class Facts:
    """The facts of one job."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, fact: Fact[T]) -> T:
        """The value of a fact."""
        found = self._connection.row(statements.FACT, (fact.name,))
        if not found:
            return fact.default
        with self._connection.decoding():
            return fact.decode(found[0])

    def save(self, *facts: StoredFact) -> None:
        """Write facts, all in one transaction."""
        with self._connection.transaction() as db:
            db.executemany(statements.SAVE_FACT, as_parameters(facts))


def as_parameters(facts: Iterable[StoredFact]) -> list[tuple[str, str]]:
    """For `SAVE_FACT`."""
    return [(fact.name, fact.text) for fact in facts]
