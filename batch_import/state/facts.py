"""Facts: values that belong to a whole job, and not to a row. Each has a name and a type.

They are stored as text in the table `fact` of the job database. This module must not know who sets
a fact, nor for what it is used.
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
    #: The media list was not read to its end. Each row is searched for before its POST instead.
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
        name: name under which the fact is stored.
        default: value of the fact if nothing is stored.
        decode: converts the stored text to the value.
        encode: converts the value to the text to store.
    """

    name: str
    default: T
    decode: Callable[[str], T]
    encode: Callable[[T], str] = str

    def of(self, value: T) -> StoredFact:
        """Returns this fact with a value, ready to be stored."""
        return StoredFact(self.name, self.encode(value))


_RESULT_OPTION_NAMES: Final = frozenset(setting.name for setting in settings_of(ResultOptions))


def _decode_result_options(text: str) -> ResultOptions:
    # Options that only another version of the program has are ignored.
    options = {
        name: value for name, value in json.loads(text).items() if name in _RESULT_OPTION_NAMES
    }
    if isinstance(options.get("cms_format"), list):
        options["cms_format"] = tuple(options["cms_format"])
    return ResultOptions(**options)


def _encode_result_options(options: ResultOptions) -> str:
    return json.dumps(asdict(options))


def _decode_names(text: str) -> frozenset[str]:
    return frozenset(json.loads(text))


def _encode_names(names: frozenset[str]) -> str:
    return json.dumps(sorted(names))


def _decode_defaults(text: str) -> dict[str, str]:
    return dict(json.loads(text))


def _decode_numbers(text: str) -> list[int]:
    return list(map(int, json.loads(text)))


def _decode_pilot(text: str) -> tuple[str, list[int]]:
    settings, numbers = json.loads(text)
    return settings, numbers


@dataclass(frozen=True, slots=True)
class IgnoredEdits:
    """Rows of the manifest that were edited after they were sent. The edits are ignored.

    Attributes:
        count: number of these rows.
        line: line number of the first of them; 0 if there is none.
        url_count: number of these rows in which only the URL was edited.
    """

    count: int = 0
    line: int = 0
    url_count: int = 0


def _decode_ignored_edits(text: str) -> IgnoredEdits:
    return IgnoredEdits(**json.loads(text))


def _encode_ignored_edits(edits: IgnoredEdits) -> str:
    return json.dumps(asdict(edits))


#: Value of `IGNORED_EDITS` if there are no such rows.
NO_EDITS: Final = IgnoredEdits()
#: Value of `PILOT` if there is no unfinished pilot.
NO_PILOT: Final[tuple[str, list[int]]] = ("", [])
#: Random ID by which `failed.csv` names its job, because the job folder may be moved; empty before
#: the first manifest was loaded.
JOB_ID: Final = Fact("job_id", "", str)
#: The values for blank cells that were used when the manifest was loaded last, by name of the
#: field.
DEFAULTS: Final[Fact[dict[str, str]]] = Fact("defaults", {}, _decode_defaults, json.dumps)
#: Absolute path of the manifest that was loaded last; empty before the first.
MANIFEST: Final = Fact("manifest", "", str)
#: Identifies the manifest that was loaded last: its content, its columns, how it was read, and the
#: version of the program.
FINGERPRINT: Final = Fact("fingerprint", "", str)
#: Rows that were edited after they were sent, in the manifest that was loaded last.
IGNORED_EDITS: Final = Fact("ignored_edits", NO_EDITS, _decode_ignored_edits, _encode_ignored_edits)
#: Number, in the table `header`, of the columns of the manifest that was loaded last; 0 before the
#: first.
HEADER: Final = Fact("header", 0, int)
#: Numbers of the rows that corrected files added to the job, and that its manifest does not have.
ADDED_ROWS: Final[Fact[list[int]]] = Fact("added_rows", [], _decode_numbers, json.dumps)
#: Numbers of the rows that the user has excluded from the import (`exclusions.py`).
EXCLUDED_ROWS: Final[Fact[list[int]]] = Fact("excluded_rows", [], _decode_numbers, json.dumps)
#: Names of URL parameters that are signatures: all that the user has named for this job.
SIGNING: Final = Fact("signing", NO_EXTRA_NAMES, _decode_names, _encode_names)
#: Whether the account was searched for rows of the manifest.
ACCOUNT_SEARCH: Final = Fact("account_search", AccountSearch.NOT_DONE, AccountSearch)
#: The rows of an unfinished pilot, which is an import of a few rows as a test: the settings with
#: which they were chosen, and their numbers.
PILOT: Final[Fact[tuple[str, list[int]]]] = Fact("pilot", NO_PILOT, _decode_pilot, json.dumps)
#: Statistics about the reliability of the account's media lists: the text of
#: `ListConsistency.dump`.
LIST_CONSISTENCY: Final = Fact("list_evidence", "", str)
#: Base URL of the API that the job uses; empty before the first request.
API_BASE: Final = Fact("api_base", "", str)
#: ID of the account into which the rows are imported; empty before the first request.
ACCOUNT: Final = Fact("account", "", str)
#: Scheme and host of the embed pages; empty before the first request.
EMBED_BASE: Final = Fact("embed_base", "", str)
#: The options for the job's results.
RESULT_OPTIONS: Final = Fact(
    "result_options", ResultOptions(), _decode_result_options, _encode_result_options
)
#: The groups of problems that were shown last, as JSON. They are shown again only if they change.
PROBLEMS_SHOWN: Final = Fact("problems_shown", "[]", str)
#: SHA-256 of `results.xlsx` when this program last wrote it; empty if people have added columns.
WORKBOOK_DIGEST: Final = Fact("workbook_digest", "", str)

#: The data from which `failed.csv` was written, and size and time of the file (`reports/write.py`).
FAILED_CSV: Final = Fact("failed_csv", "", str)
#: Where the job database was moved to, for messages; empty if it was not moved.
MOVED_TO: Final = Fact("moved_to", "", str)
#: The content of `results.csv`, as JSON (`reports/results_csv.py`). If empty, the whole file must
#: be written again.
RESULTS_CSV: Final = Fact("results_csv", "", str)


class Facts:
    """The facts of one job."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, fact: Fact[T]) -> T:
        """Returns the value of a fact; its default if nothing is stored."""
        row = self._connection.row(statements.FACT, (fact.name,))
        if not row:
            return fact.default
        with self._connection.decoding():
            return fact.decode(row[0])

    def save(self, *facts: StoredFact) -> None:
        """Store facts in one transaction."""
        with self._connection.transaction() as db:
            db.executemany(statements.SAVE_FACT, fact_parameters(facts))


def fact_parameters(facts: Iterable[StoredFact]) -> list[tuple[str, str]]:
    """Returns the parameters of the statement `SAVE_FACT`."""
    return [(fact.name, fact.text) for fact in facts]
