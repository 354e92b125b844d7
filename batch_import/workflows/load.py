"""A manifest on its way in: read, judged, its sources asked for, and compared with the job.

What is found is told in `problems.csv`, line by line, so that a million problems take no memory.
This file must not know the platform, nor what is done with the rows.
"""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

from batch_import import __version__
from batch_import.addresses.masking import also_mask
from batch_import.configuration.request import ImportRequest
from batch_import.errors import Interrupted, ManifestError, named
from batch_import.manifest.columns.kept import names_of, refuse_other_columns
from batch_import.manifest.columns.mapping import first_with_address, map_columns
from batch_import.manifest.origin import (
    JOB_COLUMN,
    ROW_COLUMN,
    OriginColumns,
    new_job_id,
    origin_columns,
)
from batch_import.manifest.problem_collector import in_one
from batch_import.manifest.read import open_manifest
from batch_import.manifest.rows import Rows
from batch_import.manifest.rules.flaw import warning
from batch_import.manifest.validate import Validator
from batch_import.models import (
    POSSIBLE_DUPLICATE,
    Change,
    ManifestColumns,
    Problem,
    Severity,
    Source,
    Status,
)
from batch_import.reports.problems import COLUMNS, Kind, Problems
from batch_import.reports.writers.csv_writer import csv_file
from batch_import.sources.preflight import Preflight
from batch_import.state import facts
from batch_import.state.corrections import CorrectedRow, Duplicate
from batch_import.state.edition_check import LoadOptions
from batch_import.state.facts import AccountSearch, StoredFact
from batch_import.state.manifest_diff import ManifestDiff
from batch_import.state.reader import HeldRow
from batch_import.state.store import Store
from batch_import.workflows.correction import Fixed, correction

#: Held rows that are shown.
_EXAMPLES = 3
#: Rows whose sources are asked for before what was found is committed.
_ASKED_AT_ONCE = 2_000
_NOT_WRITTEN = (
    f"Is it open elsewhere? Close it there, or choose another folder with {named('job')}."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """How far preflight is: sources asked, and the bytes of those whose hosts told their size."""

    sources: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """How a manifest was read.

    Attributes:
        form: in words.
        columns: each field, and the column or rule that its values come from.
        comments: the lines that were left out.
        notes: what was seen and is not used, one line each.
    """

    form: str
    columns: list[tuple[str, str]]
    comments: list[int]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """What is to be said of a manifest.

    Attributes:
        fixed: the corrected manifest, where one was asked for.
        valid: rows that may be sent.
        kinds: of the problems; every single one is in `problems.csv`.
        asked: what preflight did; None without it.
    """

    rows: int
    valid: int
    reading: Reading
    kinds: list[Kind]
    asked: Asked | None
    fixed: Fixed | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """Rows that are not sent before the user has said whether they are other rows' videos.

    Attributes:
        first: three of them, as examples.
    """

    count: int
    first: tuple[HeldRow, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """What taking a manifest over into the state brought.

    Attributes:
        diff: what changed; None where there was no earlier one, or it was the same.
        kinds: of the problems, where the manifest was read; `asked` as above.
        has_new_problems: they are not those of the last time that the job was read.
        retried: failed rows that are pending again.
        held: rows that are not sent before the user has said what they are.
        is_correction: the file holds rows of `failed.csv`, and no other row has changed.
    """

    diff: ManifestDiff | None
    reading: Reading
    kinds: list[Kind]
    asked: Asked | None
    has_new_problems: bool = False
    retried: int = 0
    held: Held = Held(0, ())
    is_correction: bool = False

    @property
    def kinds_to_show(self) -> list[Kind]:
        """Those of the problems that `held` does not tell."""
        return [kind for kind in self.kinds if kind.code != POSSIBLE_DUPLICATE]


class Intake:
    """One manifest, as one command reads it.

    Args:
        now: epoch seconds.
        stop: set it to end early.
        told: called again and again during preflight.

    Raises:
        ManifestError: it cannot be read at all.
        UsageError: an option does not go with it.
    """

    def __init__(
        self,
        request: ImportRequest,
        now: float,
        stop: threading.Event,
        told: Callable[[Asked], object],
    ) -> None:
        options = request.reading
        self._request = request
        self._signing = frozenset(name.casefold() for name in options.signing)
        also_mask(self._signing)
        self._manifest = open_manifest(request.manifest, options)
        self._mapping = map_columns(
            self._manifest.header,
            first_with_address(self._manifest.chunks()),
            options.map,
            options.default,
        )
        self._origin = origin_columns(self._manifest.header)
        self._comments: list[int] = []
        self._job = request.job
        self._settings = request.settings
        self._now = now
        self._stop = stop
        self._told = told
        self._asked = Asked()

    def examine(self, fix: Path | None = None) -> Checked:
        """Judge all rows, and keep nothing but what is to be said of them.

        Args:
            fix: where to write the manifest with all safe corrections.

        Raises:
            StateError: the problems, or the corrected manifest, cannot be written.
            UsageError: the corrected manifest cannot be written there.
            Interrupted: `stop` was set.
        """
        count = valid = 0
        with (
            self._problems() as problems,
            self._preflight() as preflight,
            correction(self._manifest, fix) as corrected,
        ):
            for rows in self._chunks(problems):
                if corrected:
                    corrected.add(rows)
                count += len(rows)
                valid += len(rows) - len(rows.errors)
                if preflight:
                    valid -= sum(1 for _ in self._ask(preflight, rows.sources(), problems))
            self._heed_stop()
        kinds, fixed = problems.kinds(), corrected.fixed if corrected else None
        return Checked(count, valid, self._reading(), kinds, self._if_asked(), fixed)

    def take_over(self, store: Store) -> Taken:
        """Take the manifest over into the state, unless it is the one that is there.

        It is read once more to find every problem, where that is asked for, and to give rows
        another chance that an earlier preflight found bad.

        Raises:
            StateError: it is another job's manifest, or the problems cannot be written.
            ManifestError: its columns would become other fields than those of the job so far.
            UsageError: a row that was chosen is not in it.
            Interrupted: `stop` was set before all was read; nothing has changed.
        """
        if self._origin:
            return self._correct(store, self._origin)
        refusal = self._refuse_other_columns(store)
        known, fingerprint = store.facts.get(facts.FINGERPRINT), self._fingerprint()
        again = (
            self._request.retry_failed
            or self._settings.preflight
            or self._settings.strict
            or self._settings.same_videos != "ask"
        )
        if known == fingerprint and not again:
            self._choose(store)
            return Taken(None, self._reading(), [], None, held=_held(store))
        known_signing = store.facts.get(facts.SIGNING)
        self._signing |= known_signing
        with self._problems() as problems, self._preflight() as preflight:
            rows = (row for chunk in self._chunks(problems) for row in chunk)
            options = self._load_options(refusal)
            job = facts.JOB_ID.of(store.facts.get(facts.JOB_ID) or new_job_id())
            diff = store.load(rows, self._now, self.columns, [*self.facts(), job], options)
            self._add_held(store, problems)
            retried = self._choose(store)
            if preflight:
                self._ask_pending(preflight, store, problems)
        news = diff if known not in ("", fingerprint) else None
        kinds = problems.kinds()
        seen = json.dumps([(kind.code, kind.count, kind.lines) for kind in kinds])
        is_new = seen != store.facts.get(facts.PROBLEMS_SHOWN)
        store.facts.save(facts.PROBLEMS_SHOWN.of(seen))
        asked, held = self._if_asked(), _held(store)
        return Taken(news, self._reading(), kinds, asked, is_new, retried, held)

    def _correct(self, store: Store, origin: OriginColumns) -> Taken:
        """Take rows of `failed.csv` over into the job that wrote it."""
        known_signing = store.facts.get(facts.SIGNING)
        self._signing |= known_signing
        changed = [facts.ACCOUNT_SEARCH.of(AccountSearch.NOT_DONE)]
        with self._problems() as problems, self._preflight() as preflight:
            rows = self._corrected_rows(store, origin, problems)
            corrected = store.correct(rows, self._now, changed)
            for each in corrected.duplicates:
                problems.add(self._duplicate(each))
            retried = self._choose(store)
            if preflight:
                self._ask_pending(preflight, store, problems)
        kinds, asked = problems.kinds(), self._if_asked()
        return Taken(
            corrected.diff,
            self._reading(),
            kinds,
            asked,
            has_new_problems=True,
            retried=retried,
            held=_held(store),
            is_correction=True,
        )

    def _corrected_rows(
        self, store: Store, origin: OriginColumns, problems: Problems
    ) -> Iterator[CorrectedRow]:
        job = store.facts.get(facts.JOB_ID)
        for chunk in self._chunks(problems):
            for row in chunk:
                found = origin.read(row.cells)
                if found is None or found[0].id != job:
                    raise ManifestError(
                        f"Line {row.line} of {self._manifest.path} is no row of the job"
                        f" {self._job.folder}: its cells under “{JOB_COLUMN}” and “{ROW_COLUMN}”"
                        " are not as failed.csv has them.",
                        "Nothing was changed. Put new rows into the manifest.",
                    )
                yield CorrectedRow(found[1], row, self.columns)

    def _duplicate(self, found: Duplicate) -> Problem:
        position = self._mapping.reference_id
        return Problem(
            found.line,
            "" if position is None else self._manifest.header[position],
            "duplicate-reference",
            f"the reference id is a duplicate of the ID on line {found.first} of the job",
            found.reference_id,
            "Give every row a reference id of its own.",
        )

    def _load_options(self, refusal: ManifestError | None) -> LoadOptions:
        return LoadOptions(
            self._settings.same_videos,
            self._settings.allow_removals,
            self._request.folder is not None,
            self._job.folder,
            str(self._manifest.path.resolve()),
            self._signing,
            refusal,
        )

    def _add_held(self, store: Store, problems: Problems) -> None:
        column = self._manifest.header[self._mapping.source_url]
        hint = "Run the import again and say whether it is the same video: same-videos yes or no."
        for row in store.reader.held_rows():
            problems.add(
                Problem(row.line, column, POSSIBLE_DUPLICATE, row.reason, row.source_url, hint)
            )

    def _choose(self, store: Store) -> int:
        """Choose the rows that the run may send; returns how many of them had failed.

        These are pending again before rows are counted.
        """
        store.queue.choose(self._settings.only)
        retried = store.queue.retry_failed(self._now) if self._request.retry_failed else 0
        if self._settings.limit is not None:
            store.queue.choose_first(self._settings.limit)
        return retried

    def _refuse_other_columns(self, store: Store) -> ManifestError | None:
        """Stop where the columns would become other fields than those of the job so far."""
        columns = store.reader.columns()
        if not columns.names:
            return None
        kept = names_of(columns.names, columns.fields)
        asked = self._request.reading.map
        return refuse_other_columns(kept, self._manifest.header, self._mapping, asked)

    @property
    def columns(self) -> ManifestColumns:
        """The manifest's."""
        return ManifestColumns(self._manifest.header, self._mapping.positions)

    def facts(self) -> list[StoredFact]:
        """What the state keeps of the manifest as a whole."""
        return [
            facts.MANIFEST.of(str(self._manifest.path.resolve())),
            facts.FINGERPRINT.of(self._fingerprint()),
            facts.SIGNING.of(self._signing),
            facts.DEFAULTS.of(dict(self._request.reading.default)),
            # New rows may be in the account already.
            facts.ACCOUNT_SEARCH.of(AccountSearch.NOT_DONE),
        ]

    def _fingerprint(self) -> str:
        """Another one means that the manifest has to be read again."""
        fields = list(self._mapping.positions)
        # Rules may change with the version.
        return f"{self._manifest.digest} {fields} {self._request.reading} {__version__}"

    def _reading(self) -> Reading:
        columns = self._mapping.describe(self._manifest.header)
        notes = (*self._manifest.notes, *self._mapping.notes)
        return Reading(self._manifest.form, columns, self._comments, notes)

    @contextmanager
    def _problems(self) -> Iterator[Problems]:
        self._job.prepare()
        with csv_file(self._job.problems, COLUMNS, _NOT_WRITTEN) as write:
            yield Problems(write)

    def _chunks(self, problems: Problems) -> Iterator[Rows]:
        own_host = self._settings.own_host
        validator = Validator(
            self._mapping,
            self._manifest.header,
            now=self._now,
            own_host=own_host,
            signing=self._signing,
            base_url=self._request.reading.base_url,
            allowed=self._request.reading.allow,
        )
        for problem in self._of_the_file():
            if problem.code not in self._request.reading.allow:
                problems.add(problem)
        for chunk in self._manifest.chunks():
            self._heed_stop()
            self._comments += chunk.comments
            rows, found = validator.check(chunk)
            for problem in found:
                problems.add(problem)
            yield rows
        for problem in validator.after_last(self._settings.rate):
            problems.add(problem)

    def _of_the_file(self) -> Iterator[Problem]:
        """What is wrong with the file as a whole, in the columns that are used."""
        content = self._manifest.content
        hidden = [at for at in self._mapping.positions if at is not None and at in content.hidden]
        for at in hidden:
            flaw = warning(
                "column-hidden",
                "this column is hidden in the workbook",
                "Show it there, and look whether it is the right one.",
            )
            yield flaw.problem(1, self._manifest.header[at], "")
        yield from content.problems

    def _heed_stop(self) -> None:
        if self._stop.is_set():
            raise Interrupted("Interrupted.", "Run the same command again.")

    # Preflight --------------------------------------------------------------------------------

    @contextmanager
    def _preflight(self) -> Iterator[Preflight | None]:
        if not self._settings.preflight:
            yield None
            return
        platform = urlsplit(self._settings.api_base).hostname or ""
        with Preflight(self._stop, platform, own_host=self._settings.own_host) as preflight:
            yield preflight

    def _if_asked(self) -> Asked | None:
        return self._asked if self._settings.preflight else None

    def _ask_pending(self, preflight: Preflight, store: Store, problems: Problems) -> None:
        """Ask for the sources of all rows that wait; those without a video do not any more."""
        sources = store.queue.pending_sources(0, _ASKED_AT_ONCE)
        while sources and not self._stop.is_set():
            changes = [
                Change(source.number, Status.INVALID, "preflight", in_one([problem]), problem.code)
                for source, problem in self._ask(preflight, sources, problems)
            ]
            store.queue.apply(changes, self._now)
            sources = store.queue.pending_sources(sources[-1].number, _ASKED_AT_ONCE)

    def _ask(
        self, preflight: Preflight, sources: Iterable[Source], problems: Problems
    ) -> Iterator[tuple[Source, Problem]]:
        """Ask, and tell what is wrong; yield those for whom it is an error."""
        column = self._manifest.header[self._mapping.source_url]
        for source, flaw, size in preflight.ask(sources):
            self._asked = Asked(self._asked.sources + 1, self._asked.size + (size or 0))
            self._told(self._asked)
            if flaw and flaw.code not in self._request.reading.allow:
                problem = flaw.problem(source.line, column, source.url)
                problems.add(problem)
                if problem.severity is Severity.ERROR:
                    yield source, problem


def _held(store: Store) -> Held:
    return Held(store.reader.held_count(), tuple(islice(store.reader.held_rows(), _EXAMPLES)))
