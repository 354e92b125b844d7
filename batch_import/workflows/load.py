"""Load a manifest: read it, validate each row, check the sources, and update the job.

Problems are written to `problems.csv` one by one, so that a million problems take no memory. This
module must not know the platform, nor what is done with the rows.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from batch_import import __version__
from batch_import.addresses.masking import add_masked_names
from batch_import.configuration.request import ImportRequest
from batch_import.errors import Interrupted, ManifestError
from batch_import.manifest.columns.kept import column_names_by_field, refuse_other_columns
from batch_import.manifest.columns.mapping import ColumnMapping, first_chunk_with_url, map_columns
from batch_import.manifest.columns.restricted_rows import RestrictedRows
from batch_import.manifest.origin import (
    JOB_COLUMN,
    ROW_COLUMN,
    OriginColumns,
    new_job_id,
    origin_columns,
)
from batch_import.manifest.read import Manifest, open_manifest
from batch_import.manifest.rows import Rows
from batch_import.manifest.rules.violation import warning
from batch_import.manifest.validate import Validator
from batch_import.models import ManifestColumns, Problem
from batch_import.reports.problems import ProblemWriter
from batch_import.sources import registry
from batch_import.state import facts
from batch_import.state.corrections import CorrectedRow
from batch_import.state.facts import AccountSearch, StoredFact
from batch_import.state.manifest_version import LoadOptions
from batch_import.state.store import Store
from batch_import.workflows.correction import correction
from batch_import.workflows.job_problems import duplicate_problem, held_problems
from batch_import.workflows.load_result import (
    CheckResult,
    KeptIds,
    LoadResult,
    Reading,
    held_rows,
    kept_ids,
)
from batch_import.workflows.pilot import Pilot, choose_pilot
from batch_import.workflows.problem_file import drop_errors, problem_file, problem_path
from batch_import.workflows.source_checks import PreflightProgress, SourceChecks


class ManifestLoader:
    """Reads one manifest for one command.

    Args:
        now: epoch seconds.
        stop: set it to stop early.
        on_progress: called after each source that preflight checks.
        changes_job: whether the command updates the job itself, not a copy of it.

    Raises:
        ManifestError: the manifest cannot be read.
        UsageError: an option does not fit the manifest.
    """

    def __init__(
        self,
        request: ImportRequest,
        now: float,
        stop: threading.Event,
        on_progress: Callable[[PreflightProgress], object],
        *,
        changes_job: bool = False,
    ) -> None:
        options = request.reading
        self._request = request
        self._signing = frozenset(name.casefold() for name in options.signing)
        add_masked_names(self._signing)
        self._manifest = open_manifest(request.manifest, options)
        self._mapping = map_columns(
            self._manifest.header,
            first_chunk_with_url(self._manifest.chunks()),
            options.map,
            options.default,
        )
        self._origin = origin_columns(self._manifest.header)
        self._comments: list[int] = []
        self._correctable = 0
        self._restricted = RestrictedRows(self._manifest.header, self._mapping.extras)
        self._job = request.job
        self._changes_job = changes_job
        self._path = request.job.problems
        self._settings = request.settings
        self._now = now
        self._stop = stop
        self._on_progress = on_progress
        self._pilot: Pilot | None = None

    def examine(self, fix: Path | None = None) -> CheckResult:
        """Validate all rows without changing the job.

        Args:
            fix: path to write a copy of the manifest to, with all safe corrections.

        Raises:
            StateError: the file of problems or the corrected manifest cannot be written.
            UsageError: `fix` is no valid path for the corrected manifest.
            Interrupted: `stop` was set.
        """
        count = valid = 0
        with (
            self._problems() as problems,
            self._preflight() as checks,
            correction(self._manifest, fix) as corrected,
        ):
            for rows in self._chunks(problems):
                if corrected:
                    corrected.add(rows)
                count += len(rows)
                valid += len(rows) - len(rows.errors)
                if checks:
                    valid -= sum(1 for _ in checks.check(rows.sources(), problems))
            self._heed_stop()
        groups, fixed = problems.groups(), corrected.fixed if corrected else None
        return CheckResult(
            count, valid, self._reading(), groups, _progress(checks), fixed, self._path
        )

    def take_over(self, store: Store) -> LoadResult:
        """Update the job with the manifest.

        An unchanged manifest is read again only if an option needs it: to report every problem, or
        to check again the sources that an earlier preflight found missing.

        Raises:
            StateError: the manifest is another job's, or its problems cannot be written.
            ManifestError: a field would come from another column than in the job so far.
            UsageError: a selected row is not in the manifest.
            Interrupted: `stop` was set before the manifest was read. Nothing has changed.
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
            return LoadResult(
                None, self._reading(), [], None,
                held=held_rows(store.reader), pilot=self._pilot, kept_ids=self._kept_ids(store),
                ignored_edits=store.facts.get(facts.IGNORED_EDITS),
            )  # fmt: skip
        known_signing = store.facts.get(facts.SIGNING)
        self._signing |= known_signing
        with self._problems() as problems, self._preflight() as checks:
            rows = (row for chunk in self._chunks(problems) for row in chunk)
            options = self._load_options(refusal)
            job = facts.JOB_ID.of(store.facts.get(facts.JOB_ID) or new_job_id())
            diff = store.load(rows, self._now, self.columns, [*self.facts(), job], options)
            for problem in held_problems(store.reader, self._column(self._mapping.source_url)):
                problems.add(problem)
            retried = self._choose(store)
            if checks:
                checks.check_pending(store.queue, problems, self._now)
        news = diff if known not in ("", fingerprint) else None
        accepted = diff.accepted_lines - (checks.failed_lines if checks else frozenset())
        groups = drop_errors(self._path, accepted) if accepted else problems.groups()
        seen = json.dumps([(group.code, group.count, group.example_lines) for group in groups])
        is_new = seen != store.facts.get(facts.PROBLEMS_SHOWN)
        store.facts.save(facts.PROBLEMS_SHOWN.of(seen))
        progress, held = _progress(checks), held_rows(store.reader)
        return LoadResult(
            news, self._reading(), groups, progress, is_new, retried, held,
            pilot=self._pilot, problems=self._path, accepted=len(accepted),
            kept_ids=self._kept_ids(store), ignored_edits=store.facts.get(facts.IGNORED_EDITS),
        )  # fmt: skip

    def _column(self, position: int | None) -> str:
        return "" if position is None else self._manifest.header[position]

    def _kept_ids(self, store: Store) -> KeptIds | None:
        position = self._mapping.reference_id
        return None if position is None else kept_ids(store.reader, self._manifest.header[position])

    def _correct(self, store: Store, origin: OriginColumns) -> LoadResult:
        """Update the job with corrected rows of its `failed.csv`."""
        known_signing = store.facts.get(facts.SIGNING)
        self._signing |= known_signing
        changed = [facts.ACCOUNT_SEARCH.of(AccountSearch.NOT_DONE)]
        waiting = store.reader.counts().pending
        with self._problems() as problems, self._preflight() as checks:
            rows = self._corrected_rows(store, origin, problems)
            corrected = store.correct(rows, self._now, changed)
            for each in corrected.duplicates:
                problems.add(duplicate_problem(each, self._column(self._mapping.reference_id)))
            retried = self._choose(store)
            if checks:
                checks.check_pending(store.queue, problems, self._now, corrected.lines)
        if self._changes_job and self._job.problems.exists():
            drop_errors(self._job.problems, store.reader.corrected_lines())
        return LoadResult(
            corrected.diff,
            self._reading(),
            problems.groups(),
            _progress(checks),
            has_new_problems=True,
            retried=retried,
            held=held_rows(store.reader),
            is_correction=True,
            pilot=self._pilot,
            problems=self._path,
            waiting=waiting,
        )

    def _corrected_rows(
        self, store: Store, origin: OriginColumns, problems: ProblemWriter
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

    def _choose(self, store: Store) -> int:
        """Select the rows of this run, and make failed rows pending if it is a retry.

        Returns:
            The number of failed rows that are pending again.
        """
        store.queue.choose(self._settings.only)
        retried = store.queue.retry_failed(self._now) if self._request.retry_failed else 0
        if self._settings.first is not None:
            store.queue.choose_first(self._settings.first)
        self._pilot = choose_pilot(store, self._settings)
        return retried

    def _refuse_other_columns(self, store: Store) -> ManifestError | None:
        """Compare the column mapping with the job's.

        Returns:
            The error to raise if rows would be sent, or None.

        Raises:
            ManifestError: a field would come from another column than in the job so far.
        """
        columns = store.reader.columns()
        if not columns.names:
            return None
        kept = column_names_by_field(columns.names, columns.fields)
        overrides = self._request.reading.map
        return refuse_other_columns(kept, self._manifest.header, self._mapping, overrides)

    @property
    def columns(self) -> ManifestColumns:
        """The manifest's columns, and which field each of them is."""
        return ManifestColumns(self._manifest.header, self._mapping.positions)

    def facts(self) -> list[StoredFact]:
        """Properties of the manifest as a whole, to be stored with the job."""
        return [
            facts.MANIFEST.of(str(self._manifest.path.resolve())),
            facts.FINGERPRINT.of(self._fingerprint()),
            facts.SIGNING.of(self._signing),
            facts.DEFAULTS.of(dict(self._request.reading.default)),
            # The videos of new rows may be in the account already: search it again.
            facts.ACCOUNT_SEARCH.of(AccountSearch.NOT_DONE),
        ]

    def _fingerprint(self) -> str:
        """A text that changes when the manifest has to be read again."""
        fields = list(self._mapping.positions)
        # The version is part of it, because another version may have other rules.
        return f"{self._manifest.digest} {fields} {self._request.reading} {__version__}"

    def _reading(self) -> Reading:
        columns = self._mapping.describe(self._manifest.header)
        notes = (*self._manifest.notes, *self._mapping.notes, *self._restricted.notes())
        return Reading(
            self._manifest.format_description, columns, self._comments, notes, self._correctable
        )

    @contextmanager
    def _problems(self) -> Iterator[ProblemWriter]:
        is_own_list = self._changes_job and not self._origin
        self._path = problem_path(self._request, is_own_list=is_own_list)
        self._job.prepare()
        with problem_file(self._path) as problems:
            yield problems

    def _chunks(self, problems: ProblemWriter) -> Iterator[Rows]:
        own_host = self._settings.own_host
        validator = Validator(
            self._mapping,
            self._manifest.header,
            now=self._now,
            own_host=own_host,
            signing=self._signing,
            base_url=self._request.reading.base_url,
            allowed=self._request.reading.allow,
            is_signed_scheme=registry.is_signed_scheme,
        )
        for problem in _file_problems(self._manifest, self._mapping):
            if problem.code not in self._request.reading.allow:
                problems.add(problem)
        for chunk in self._manifest.chunks():
            self._heed_stop()
            self._comments += chunk.comments
            self._restricted.add(chunk.frame)
            rows, found = validator.check(chunk)
            self._correctable += rows.count_correctable_cells(self._manifest.header, found)
            for problem in rows.add_ids_and_titles(found):
                problems.add(problem)
            yield rows
        for problem in validator.manifest_problems(self._settings.rate):
            problems.add(problem)

    def _preflight(self) -> AbstractContextManager[SourceChecks | None]:
        if not self._settings.preflight:
            return nullcontext()
        column = self._manifest.header[self._mapping.source_url]
        return SourceChecks(self._request, column, self._stop, self._on_progress)

    def _heed_stop(self) -> None:
        if self._stop.is_set():
            raise Interrupted("Interrupted.", "Run the same command again.")


def _progress(checks: SourceChecks | None) -> PreflightProgress | None:
    return checks.progress if checks else None


def _file_problems(manifest: Manifest, mapping: ColumnMapping) -> Iterator[Problem]:
    """Yield the problems of the file as a whole, and of the columns that are used."""
    content = manifest.content
    hidden = [at for at in mapping.positions if at is not None and at in content.hidden]
    for at in hidden:
        violation = warning(
            "column-hidden",
            "this column is hidden in the workbook",
            "Show it there, and look whether it is the right one.",
        )
        yield violation.problem(1, manifest.header[at], "")
    yield from content.problems
