"""Load a manifest: read it, validate each row, check the sources, and update the job.

Each problem is written to `problems.csv` when it is found, so that a million problems need no
memory. A manifest may be a corrected `failed.csv`: it has the columns of the original manifest, and
two origin columns, which name the job and the row. This module must not know the platform, nor what
is done with the rows.
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
from batch_import.manifest.columns.mapping import first_chunk_with_url, map_columns
from batch_import.manifest.columns.restricted_rows import RestrictedRows
from batch_import.manifest.origin import OriginColumns, new_job_id, origin_columns
from batch_import.manifest.read import open_manifest
from batch_import.manifest.rows import Rows
from batch_import.manifest.validate import Validator
from batch_import.models import ManifestColumns
from batch_import.reports.problems import ProblemWriter
from batch_import.sources import registry
from batch_import.state import facts
from batch_import.state.corrections import CorrectedRow
from batch_import.state.facts import AccountSearch, StoredFact
from batch_import.state.manifest_version import LoadOptions
from batch_import.state.store import Store
from batch_import.workflows.correction import open_corrector
from batch_import.workflows.job_videos import open_job, same_video_problems
from batch_import.workflows.load_problems import duplicate_problem, file_problems, held_problems
from batch_import.workflows.load_result import (
    CheckResult,
    KeptReferenceIds,
    LoadResult,
    ManifestReading,
    find_unlisted_rows,
    read_held_rows,
    read_kept_ids,
)
from batch_import.workflows.original_job import row_number_in_job
from batch_import.workflows.pilot import Pilot, choose_pilot
from batch_import.workflows.problem_file import choose_problem_path, drop_errors, open_problem_file
from batch_import.workflows.source_checks import PreflightProgress, SourceChecks


class ManifestLoader:
    """Reads one manifest for one command: `check` only validates it, `update_job` also stores it.

    Args:
        request: the manifest and all settings.
        now: the current time, in epoch seconds.
        stop: set it to stop early.
        on_progress: called after each source that preflight checks.
        changes_job: whether the command updates the job itself, and not a copy of its database.

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
        self._comment_lines: list[int] = []
        #: Lines of rows with an error.
        self._invalid_lines: set[int] = set()
        self._correctable_count = 0
        self._restricted_rows = RestrictedRows(
            self._manifest.header, self._mapping.restriction_positions, now
        )
        self._job = request.job
        self._changes_job = changes_job
        self._problem_path = request.job.problems
        self._settings = request.settings
        self._now = now
        self._stop = stop
        self._on_progress = on_progress
        self._pilot: Pilot | None = None

    def check(self, fix: Path | None = None) -> CheckResult:
        """Validate all rows without changing the job.

        Args:
            fix: path of the copy to write, with all safe corrections; None means no copy.

        Raises:
            StateError: the file of problems or the corrected copy cannot be written.
            UsageError: `fix` is not a valid path for the corrected copy.
            Interrupted: `stop` was set.
        """
        row_count = valid_count = 0
        with (
            self._open_problems() as problems,
            self._open_preflight() as preflight,
            open_corrector(self._manifest, fix) as corrector,
            open_job(self._job, self._origin) as store,
        ):
            for rows in self._read_chunks(problems):
                self._add_same_videos(store, rows, problems)
                if corrector:
                    corrector.add(rows)
                row_count += len(rows)
                valid_count += len(rows) - len(rows.errors)
                if preflight:
                    valid_count -= sum(1 for _ in preflight.check(rows.sources(), problems))
            self._raise_if_stopped()
        if preflight:
            self._restricted_rows.remove(preflight.failed_lines)
        return CheckResult(
            row_count,
            valid_count,
            self._describe_reading(),
            problems.groups(),
            _progress(preflight),
            corrector.result if corrector else None,
            self._problem_path,
        )

    def update_job(self, store: Store) -> LoadResult:
        """Update the job with the manifest.

        An unchanged manifest is read again only if a setting requires it: to report every problem,
        or to check again the sources in which an earlier preflight found errors.

        Args:
            store: the job database, or a copy of it.

        Raises:
            StateError: the job belongs to another manifest, or the file of problems cannot be
                written.
            ManifestError: a field would come from another column than in the previous run.
            UsageError: a selected row is not in the manifest.
            Interrupted: `stop` was set before the manifest was read. Nothing has changed.
        """
        if self._origin:
            return self._correct_rows(store, self._origin)
        refusal = self._refuse_other_columns(store)
        previous, fingerprint = store.facts.get(facts.FINGERPRINT), self._fingerprint()
        must_read_again = (
            self._request.retry_failed
            or self._settings.preflight
            or self._settings.strict
            or self._settings.same_videos != "ask"
        )
        if previous == fingerprint and not must_read_again:
            self._select_rows(store)
            return LoadResult(
                None, self._describe_reading(), [], None, pilot=self._pilot,
                held_rows=read_held_rows(store.reader), kept_ids=self._read_kept_ids(store),
                ignored_edits=store.facts.get(facts.IGNORED_EDITS),
                unlisted_rows=find_unlisted_rows(store.reader), excluded=store.exclusions.read(),
            )  # fmt: skip
        known_signing = store.facts.get(facts.SIGNING)
        self._signing |= known_signing
        with self._open_problems() as problems, self._open_preflight() as preflight:
            rows = (row for chunk in self._read_chunks(problems) for row in chunk)
            options = self._load_options(refusal)
            job_id = facts.JOB_ID.of(store.facts.get(facts.JOB_ID) or new_job_id())
            diff = store.load(rows, self._now, self.columns, [*self.facts(), job_id], options)
            for problem in held_problems(store.reader, self._name_of(self._mapping.source_url)):
                problems.add(problem)
            retried_count = self._select_rows(store)
            if preflight:
                preflight.check_pending(store.queue, problems, self._now)
        self._restricted_rows.keep(line for _, line in store.queue.claimable_lines())
        failed_lines = preflight.failed_lines if preflight else frozenset()
        groups, accepted_lines = problems.groups(), diff.accepted_lines - failed_lines
        if accepted_lines:
            groups, accepted_lines = drop_errors(self._problem_path, accepted_lines)
        summary = json.dumps([(group.code, group.count, group.example_lines) for group in groups])
        has_new_problems = summary != store.facts.get(facts.PROBLEMS_SHOWN)
        store.facts.save(facts.PROBLEMS_SHOWN.of(summary))
        return LoadResult(
            diff if previous not in ("", fingerprint) else None,
            self._describe_reading(), groups, _progress(preflight), has_new_problems,
            retried_count, read_held_rows(store.reader), pilot=self._pilot,
            problem_path=self._problem_path, accepted_lines=sorted(accepted_lines),
            kept_ids=self._read_kept_ids(store),
            ignored_edits=store.facts.get(facts.IGNORED_EDITS), excluded=store.exclusions.read(),
            unlisted_rows=find_unlisted_rows(store.reader, self._invalid_lines | failed_lines),
        )  # fmt: skip

    def _name_of(self, position: int | None) -> str:
        """Returns the name of a column by its position; empty if there is none."""
        return "" if position is None else self._manifest.header[position]

    def _read_kept_ids(self, store: Store) -> KeptReferenceIds | None:
        position = self._mapping.reference_id
        return None if position is None else read_kept_ids(store.reader, self._name_of(position))

    def _correct_rows(self, store: Store, origin: OriginColumns) -> LoadResult:
        """Update the job with corrected rows of its `failed.csv`."""
        known_signing = store.facts.get(facts.SIGNING)
        self._signing |= known_signing
        changed_facts = [facts.ACCOUNT_SEARCH.of(AccountSearch.NOT_DONE)]
        with self._open_problems() as problems, self._open_preflight() as preflight:
            rows = self._read_corrected_rows(store, origin, problems)
            corrected = store.correct(rows, self._now, changed_facts)
            for duplicate in corrected.duplicates:
                column = self._name_of(self._mapping.reference_id)
                problems.add(duplicate_problem(duplicate, column))
            retried_count = self._select_rows(store, list(corrected.lines))
            if preflight:
                preflight.check_pending(store.queue, problems, self._now, corrected.lines)
        claimable_numbers = (number for number, _ in store.queue.claimable_lines())
        self._restricted_rows.keep(
            corrected.lines[number] for number in claimable_numbers if number in corrected.lines
        )
        if self._changes_job and self._job.problems.exists():
            drop_errors(self._job.problems, store.reader.corrected_lines())
        return LoadResult(
            corrected.diff, self._describe_reading(), problems.groups(), _progress(preflight),
            has_new_problems=True, retried_count=retried_count,
            held_rows=read_held_rows(store.reader), is_correction=True, pilot=self._pilot,
            problem_path=self._problem_path,
            other_pending_count=store.reader.counts().pending - store.queue.claimable_count(),
            rejected_count=corrected.rejected_count, excluded=store.exclusions.read(),
            unlisted_rows=find_unlisted_rows(store.reader, listed_numbers=corrected.lines),
        )  # fmt: skip

    def _read_corrected_rows(
        self, store: Store, origin: OriginColumns, problems: ProblemWriter
    ) -> Iterator[CorrectedRow]:
        """Yield each row of a corrected `failed.csv`; raises as `row_number_in_job`."""
        job_id = store.facts.get(facts.JOB_ID)
        place = f"{self._manifest.path} is no row of the job {self._job.folder}"
        for chunk in self._read_chunks(problems):
            self._add_same_videos(store, chunk, problems)
            for row in chunk:
                number = row_number_in_job(row, origin, job_id, place)
                yield CorrectedRow(number, row, self.columns)

    def _add_same_videos(self, store: Store | None, rows: Rows, problems: ProblemWriter) -> None:
        """Add a problem for each corrected row that is the video of another row of the job."""
        if store and self._origin and "duplicate-video" not in self._request.reading.allow:
            column = self._name_of(self._mapping.source_url)
            for problem in same_video_problems(store, rows, self._origin, column):
                problems.add(problem)

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

    def _select_rows(self, store: Store, corrected_numbers: list[int] | None = None) -> int:
        """Select the rows of this run, and make failed rows pending if it is a retry.

        Args:
            corrected_numbers: numbers of the rows of a corrected `failed.csv`, to which the run is
                restricted unless the user selects rows; None if the file is the manifest.

        Returns:
            The number of failed rows that are pending again.
        """
        store.exclusions.update(self._settings.only, self._settings.exclude)
        if corrected_numbers is None or self._settings.only:
            store.queue.choose(self._settings.only)
        else:
            store.queue.choose_numbers(corrected_numbers)
        retried_count = store.queue.retry_failed(self._now) if self._request.retry_failed else 0
        if self._settings.first is not None:
            store.queue.choose_first(self._settings.first)
        self._pilot = choose_pilot(store, self._settings)
        return retried_count

    def _refuse_other_columns(self, store: Store) -> ManifestError | None:
        """Compare the column of each field with its column in the previous run.

        Returns:
            An error to raise only if rows would be sent; None if no column is doubtful.

        Raises:
            ManifestError: a field would come from another column than in the previous run.
        """
        columns = store.reader.columns()
        if not columns.names:
            return None
        previous_names = column_names_by_field(columns.names, columns.fields)
        overrides = self._request.reading.map
        return refuse_other_columns(previous_names, self._manifest.header, self._mapping, overrides)

    @property
    def columns(self) -> ManifestColumns:
        """The manifest's columns, and the position of each field's column."""
        return ManifestColumns(self._manifest.header, self._mapping.positions)

    def facts(self) -> list[StoredFact]:
        """Returns the properties of the manifest that are stored in the job database."""
        return [
            facts.MANIFEST.of(str(self._manifest.path.resolve())),
            facts.FINGERPRINT.of(self._fingerprint()),
            facts.SIGNING.of(self._signing),
            facts.DEFAULTS.of(dict(self._request.reading.default)),
            # The videos of new rows may be in the account already: search it again.
            facts.ACCOUNT_SEARCH.of(AccountSearch.NOT_DONE),
        ]

    def _fingerprint(self) -> str:
        """Returns a text that changes if the manifest must be read again.

        It contains the version of the program, because another version may have other rules.
        """
        fields = list(self._mapping.positions)
        return f"{self._manifest.digest} {fields} {self._request.reading} {__version__}"

    def _describe_reading(self) -> ManifestReading:
        columns = self._mapping.describe(self._manifest.header)
        notes = (*self._manifest.notes, *self._mapping.notes, *self._restricted_rows.notes())
        return ManifestReading(
            self._manifest.format_description,
            columns,
            self._comment_lines,
            notes,
            self._correctable_count,
        )

    @contextmanager
    def _open_problems(self) -> Iterator[ProblemWriter]:
        is_own_list = self._changes_job and not self._origin
        self._problem_path = choose_problem_path(self._request, is_own_list=is_own_list)
        self._job.prepare()
        with open_problem_file(self._problem_path) as problems:
            yield problems

    def _read_chunks(self, problems: ProblemWriter) -> Iterator[Rows]:
        """Read and validate the manifest. Yield its rows in chunks, and add their problems."""
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
        for problem in file_problems(self._manifest, self._mapping):
            if problem.code not in self._request.reading.allow:
                problems.add(problem)
        for chunk in self._manifest.chunks():
            self._raise_if_stopped()
            self._comment_lines += chunk.comments
            rows, chunk_problems = validator.check(chunk)
            self._invalid_lines.update(chunk.lines[index] for index in rows.errors)
            self._restricted_rows.add(chunk.frame, chunk.lines, rows.errors)
            self._correctable_count += rows.count_correctable_cells(
                self._manifest.header, chunk_problems
            )
            for problem in rows.add_ids_and_titles(chunk_problems):
                problems.add(problem)
            yield rows
        for problem in validator.manifest_problems(self._settings.rate):
            problems.add(problem)

    def _open_preflight(self) -> AbstractContextManager[SourceChecks | None]:
        """Returns a context manager of the source checks; of None if preflight is off."""
        if not self._settings.preflight:
            return nullcontext()
        column = self._manifest.header[self._mapping.source_url]
        return SourceChecks(self._request, column, self._stop, self._on_progress)

    def _raise_if_stopped(self) -> None:
        if self._stop.is_set():
            raise Interrupted("Interrupted.", "Run the same command again.")


def _progress(preflight: SourceChecks | None) -> PreflightProgress | None:
    return preflight.progress if preflight else None
