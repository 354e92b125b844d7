"""Writes the result files of a job from its database: `results.*` and `failed.csv`.

This module must not know the format of a file, nor which command writes the files.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Final

from batch_import import __version__
from batch_import.configuration.base_urls import EMBED_BASE
from batch_import.configuration.result_options import ResultOptions
from batch_import.csv_escaping import escape_for_correction
from batch_import.errors import StateError
from batch_import.manifest.origin import JobReference
from batch_import.models import ResultRow, Status
from batch_import.reports import WRITE_HINT, table
from batch_import.reports.cms import write_cms
from batch_import.reports.results_csv import BLOCK_ROWS, ResultsCsv
from batch_import.reports.shown_status import problem_groups, with_shown_status
from batch_import.reports.summary import ReportInfo, Summary
from batch_import.reports.table import Embedding
from batch_import.reports.writers.csv_writer import write_csv
from batch_import.state import facts
from batch_import.state.store import Store

#: The formats of the results that are written by default.
FORMATS: Final = ("csv", "xlsx", "html")
#: All formats, with the one that is written only if the user chooses it.
ALL_FORMATS: Final = (*FORMATS, "cms")
#: Number of intervals into which the timeline divides the time of the import: points of the chart.
_TIMELINE_INTERVALS: Final = 60


def save_result_options(store: Store, changes: Mapping[str, Any]) -> None:
    """Save options for the results of a job, for this report and all later reports.

    Args:
        store: the job database.
        changes: names of fields of `ResultOptions` → new values. Other fields are not changed.

    Raises:
        UsageError: a column in the options does not exist.
    """
    options = replace(_Job(store).options, **changes)
    # The table is also checked without changes, because an edited manifest may lack a column.
    _Job(store).table(options)
    if changes:
        store.facts.save(facts.RESULT_OPTIONS.of(options))


def format_suffixes(store: Store, formats: Sequence[str]) -> list[str]:
    """Returns the suffixes of the file names of some formats, such as `csv` and `cms.json`."""
    suffixes: list[str] = []
    for name in formats:
        if name == "cms":
            suffixes += [f"cms.{format_}" for format_ in _Job(store).options.cms_format]
        else:
            suffixes.append(name)
    return suffixes


def missing_picture_count(store: Store) -> int:
    """Returns the number of imported media whose picture size must still be requested.

    It is 0 if the embed codes do not depend on the picture size.
    """
    return store.pictures.missing_count() if _Job(store).options.aspect_from_detail else 0


def job_embedding(store: Store) -> Embedding:
    """Returns an object that creates the links and embed codes of a job's rows."""
    return _Job(store).embedding(_Job(store).options)


def result_rows(store: Store, *, is_running: bool = False) -> Iterator[dict[str, str]]:
    """Yields each row of the results as heading → cell, with the same cells as in the files.

    Args:
        store: the job database.
        is_running: whether a run is in progress.
    """
    job = _Job(store, is_running=is_running)
    results = job.table(job.options)
    for line in results.lines(job.rows()):
        yield dict(zip(results.header, line, strict=True))


def write_results(
    folder: Path,
    store: Store,
    formats: Sequence[str] = FORMATS,
    *,
    now: float,
    is_running: bool = False,
    throttle: Callable[[], object] = lambda: None,
) -> Sequence[str]:
    """Write `failed.csv`, and `results.*` in some formats, into the job folder.

    Args:
        folder: the job folder.
        store: the job database.
        formats: the formats to write, of `ALL_FORMATS`.
        now: epoch seconds.
        is_running: whether a run is in progress.
        throttle: called between two blocks of rows; it may sleep.

    Returns:
        Notices for the user, as sentences; usually none.

    Raises:
        StateError: a file cannot be written. It is raised after all other files were written.
    """
    writer = _ResultWriter(folder, _Job(store, is_running, throttle), now)
    functions = {
        "csv": writer.write_csv, "html": writer.write_html, "xlsx": writer.write_xlsx,
        "cms": writer.write_cms,
    }  # fmt: skip
    chosen_functions = [function for name, function in functions.items() if name in formats]
    faults = []
    for write in (writer.write_failed, *chosen_functions):
        try:
            write()
        except StateError as fault:
            faults.append(fault)
    if faults:
        raise faults[0]
    return writer.notices


def write_results_csv(
    folder: Path,
    store: Store,
    *,
    is_running: bool = False,
    throttle: Callable[[], object] = lambda: None,
) -> None:
    """Bring only `results.csv` up to date.

    Args:
        folder, store, is_running, throttle: as for `write_results`.

    Raises:
        StateError: the file cannot be written.
    """
    _ResultWriter(folder, _Job(store, is_running, throttle), 0.0).write_csv()


def write_first_embed_codes(folder: Path, store: Store) -> None:
    """Write the imported rows into `results.csv` as fast as possible, during a run.

    The file may lack other rows until `write_results_csv` is called.

    Raises:
        StateError: the file cannot be written.
    """
    _ResultWriter(folder, _Job(store, is_running=True), 0.0).results_csv().write_first_rows()


class _ResultWriter:
    """Writes the result files of one job.

    Args:
        folder: the job folder.
        job: the job.
        now: epoch seconds.

    Attributes:
        notices: sentences for the user about the written files.
    """

    def __init__(self, folder: Path, job: "_Job", now: float) -> None:
        self._folder = folder
        self._job = job
        self._now = now
        self._table = job.table(job.options)
        self.notices: list[str] = []

    def write_failed(self) -> None:
        """Write `failed.csv`, unless the file is up to date."""
        store, path = self._job.store, self._folder / "failed.csv"
        header = table.failed_header(store.reader.columns(), store.reader.other_failed_columns())
        job_reference = JobReference(store.facts.get(facts.JOB_ID), str(self._folder))
        # Everything that the content of the file depends on.
        source = json.dumps([store.reader.last_event(), header, str(job_reference), __version__])
        if store.facts.get(facts.FAILED_CSV) != _file_fingerprint(path, source):
            lines = self._failed_lines(job_reference)
            # Private, because the file contains signed URLs.
            write_csv(path, header, lines, escape_for_correction, is_private=True)
            store.facts.save(facts.FAILED_CSV.of(_file_fingerprint(path, source)))

    def _failed_lines(self, job_reference: JobReference) -> Iterator[list[str]]:
        reader = self._job.store.reader
        pending_rows = (row for row in reader.records_with_codes() if row.status is Status.PENDING)
        rows = chain(reader.records((Status.FAILED, Status.INVALID)), pending_rows)
        other_columns = reader.other_failed_columns()
        return table.failed_lines(rows, reader.columns(), job_reference, other_columns)

    def write_csv(self) -> None:
        """Write `results.csv`."""
        self.results_csv().write()

    def results_csv(self) -> ResultsCsv:
        """Returns an object for the file `results.csv`."""
        job, path = self._job, self._folder / "results.csv"
        return ResultsCsv(
            path,
            job.store,
            self._table,
            job.layout(),
            job.with_shown_status,
            is_running=job.is_running,
        )

    def write_html(self) -> None:
        """Write `results.html`."""
        from batch_import.reports.writers.html_writer import write_html

        about = replace(
            self._about(),
            timeline=self._job.store.reader.timeline(_TIMELINE_INTERVALS),
        )
        summary = self._job.summary()
        write_html(self._folder / "results.html", self._table, self._job.rows(), about, summary)

    def write_xlsx(self) -> None:
        """Write `results.xlsx`, and keep what people added to the previous workbook."""
        from batch_import.reports.manual_columns import read_manual_content
        from batch_import.reports.manual_content import ManualContent
        from batch_import.reports.writers.xlsx_writer import write_xlsx

        store, path = self._job.store, self._folder / "results.xlsx"
        row_count = store.reader.counts().total
        # A workbook is read only if people have changed it, because reading a large workbook takes
        # more memory than the rest of a run.
        is_unchanged = path.exists() and store.facts.get(facts.WORKBOOK_DIGEST) == _digest(path)
        if is_unchanged:
            manual_content = ManualContent()
        else:
            manual_content = read_manual_content(path, self._table, store.reader.is_reference)
        about = self._about()
        notes = write_xlsx(path, self._table, self._job.rows(), row_count, about, manual_content)
        if notes:
            self.notices.append(
                f"{len(notes):,} notes in {path} have no cell any more: they are in its sheet"
                " “Kept notes”."
            )
        # Without a digest, the workbook is read again next time, because it has content of people.
        digest = "" if manual_content or notes else _digest(path)
        store.facts.save(facts.WORKBOOK_DIGEST.of(digest))

    def write_cms(self) -> None:
        """Write the files for other programs, which have only imported rows."""
        for format_ in self._job.options.cms_format:
            lines = self._table.lines(self._job.rows((Status.IMPORTED,)))
            write_cms(self._folder, self._table.header, lines, format_)

    def _about(self) -> ReportInfo:
        """Returns the general information about the report.

        The report has the name of the folder, because the file that was loaded last may be a
        `failed.csv` with a few corrected rows.
        """
        return ReportInfo(self._folder.resolve().name, self._now)


def _file_fingerprint(path: Path, source: str) -> str:
    """Returns a text that changes if a file changes, or the data that it was written from.

    Args:
        path: path of the file.
        source: text that identifies the data.

    Returns:
        The text; `none` if the file does not exist.
    """
    try:
        status = path.stat()
    except OSError:
        return "none"
    return json.dumps([source, status.st_size, status.st_mtime_ns])


def _digest(path: Path) -> str:
    """Returns the SHA-256 of a file in hexadecimal."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StateError(f"{path} cannot be read: {error.strerror or error}.", WRITE_HINT) from None


@dataclass(frozen=True, slots=True)
class _Job:
    """Reads from the job database what the result files need.

    Attributes:
        store: the job database.
        is_running: whether a run is in progress. It decides how people see rows with the status
            `creating`.
        throttle: called after each block of rows; it may sleep.
    """

    store: Store
    is_running: bool = False
    throttle: Callable[[], object] = lambda: None

    @property
    def options(self) -> ResultOptions:
        """The options for the results of the job."""
        return self.store.facts.get(facts.RESULT_OPTIONS)

    def table(self, options: ResultOptions) -> table.Table:
        """Returns the table of the results.

        Raises:
            UsageError: a column in the options does not exist.
        """
        reader = self.store.reader
        others = reader.other_columns()
        keep_ids = reader.manifest_id_count() > 0
        return table.results_table(
            reader.columns(), others, self.embedding(options), keep_ids=keep_ids
        )

    def with_shown_status(self, rows: Iterable[ResultRow]) -> Iterator[ResultRow]:
        """Yields the rows of a block with the status that people see."""
        yield from with_shown_status(rows, is_running=self.is_running)
        self.throttle()

    def rows(self, statuses: Sequence[Status] = ()) -> Iterator[ResultRow]:
        """Yields the rows of the job with the status that people see.

        Args:
            statuses: only rows with these stored statuses; empty for all rows.
        """
        reader = self.store.reader
        if self.is_running and not statuses:
            blocks = reader.blocks(BLOCK_ROWS)
            return chain.from_iterable(map(self.with_shown_status, blocks))
        return self.with_shown_status(reader.records(statuses))

    def summary(self) -> Summary:
        """Returns the counts and causes of all rows. Only rows that need attention are read."""
        reader = self.store.reader
        summary = Summary()
        for row, row_count in problem_groups(reader, is_running=self.is_running):
            summary.add_cause(row, row_count)
        counts = asdict(reader.counts(is_running=self.is_running))
        del counts["total"]
        summary.counts = Counter({Status(name): count for name, count in counts.items()})
        return summary

    def layout(self) -> str:
        """Returns a text with everything that the cells depend on besides rows and columns."""
        options = self.options
        pictures = self.store.pictures.missing_count() if options.aspect_from_detail else 0
        base = self.store.facts.get(facts.EMBED_BASE)
        return json.dumps([asdict(options), base, pictures, __version__])

    def embedding(self, options: ResultOptions) -> Embedding:
        """Returns an object that creates the links and embed codes of the rows."""
        # A job that never sent a request has no base URL yet, and no embed codes.
        return Embedding(self.store.facts.get(facts.EMBED_BASE) or EMBED_BASE, options)
