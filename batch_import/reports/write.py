"""Write all result files of a job from its database.

This module must not know how a file is written, nor who wants it.
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
from batch_import.csv_escaping import escape_for_editing
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

#: The formats of the results.
FORMATS: Final = ("csv", "xlsx", "html")
#: The same, and the format that is written only if the user wants it.
ALL_FORMATS: Final = (*FORMATS, "cms")
#: Number of intervals in which the timeline divides the time of the import.
_TIMELINE_INTERVALS: Final = 60


def save_result_options(store: Store, given: Mapping[str, Any]) -> None:
    """Save options for the results of a job, for this report and all later ones.

    Args:
        given: values of fields of `ResultOptions`. Other fields are not changed.

    Raises:
        UsageError: a column in the options does not exist.
    """
    options = replace(_Job(store).options, **given)
    # Also checked without new options, because an edited manifest may lack a column.
    _Job(store).table(options)
    if given:
        store.facts.save(facts.RESULT_OPTIONS.of(options))


def format_suffixes(store: Store, formats: Sequence[str]) -> list[str]:
    """Returns the suffixes of the files of some formats: `csv`, `cms.json`."""
    cms = [f"cms.{name}" for name in _Job(store).options.cms_format]
    return list(chain.from_iterable(cms if name == "cms" else [name] for name in formats))


def missing_picture_count(store: Store) -> int:
    """Returns for how many media the picture size must still be requested for these options."""
    return store.pictures.missing_count() if _Job(store).options.aspect_from_detail else 0


def job_embedding(store: Store) -> Embedding:
    """Returns what creates the links of a job's rows, with the job's options."""
    return _Job(store).embedding(_Job(store).options)


def result_rows(store: Store, *, running: bool = False) -> Iterator[dict[str, str]]:
    """Yields each row of the results as a dict of cells by heading, as in all files."""
    job = _Job(store, running=running)
    results = job.table(job.options)
    for line in results.lines(job.records()):
        yield dict(zip(results.header, line, strict=True))


def write_results(
    folder: Path,
    store: Store,
    formats: Sequence[str] = FORMATS,
    *,
    now: float,
    running: bool = False,
    rest: Callable[[], object] = lambda: None,
) -> Sequence[str]:
    """Write `results.*` in these formats, and `failed.csv`, into the job folder.

    Args:
        now: epoch seconds.
        running: whether a run is in progress.
        rest: called between two blocks of rows, if a run is in progress.

    Returns:
        notices for the user about what was written, as sentences.

    Raises:
        StateError: a file cannot be written. All others are written first.
    """
    writing = _Writing(folder, _Job(store, running, rest), now)
    writers = {
        "csv": writing.write_csv, "html": writing.write_html, "xlsx": writing.write_xlsx,
        "cms": writing.write_cms,
    }  # fmt: skip
    faults = []
    for write in (writing.write_failed, *(writers[name] for name in writers if name in formats)):
        try:
            write()
        except StateError as fault:
            faults.append(fault)
    if faults:
        raise faults[0]
    return writing.notices


def write_results_csv(
    folder: Path,
    store: Store,
    *,
    running: bool = False,
    rest: Callable[[], object] = lambda: None,
) -> None:
    """Write only `results.csv`: what has changed since it was written last.

    Args:
        running, rest: as for `write_results`.

    Raises:
        StateError: it cannot be written.
    """
    _Writing(folder, _Job(store, running, rest), 0.0).write_csv()


def write_first_embed_codes(folder: Path, store: Store) -> None:
    """Write the rows that a run has imported into `results.csv` at once, whatever its size.

    Raises:
        StateError: it cannot be written.
    """
    _Writing(folder, _Job(store, running=True), 0.0).results_csv().write_first_rows()


class _Writing:
    """Writes the files of one job. The files that take least time come first."""

    def __init__(self, folder: Path, job: "_Job", now: float) -> None:
        self._folder = folder
        self._job = job
        self._now = now
        self._table = job.table(job.options)
        self.notices: list[str] = []

    def write_failed(self) -> None:
        store, path = self._job.store, self._folder / "failed.csv"
        header = table.failed_header(store.reader.columns(), store.reader.other_failed_columns())
        home = JobReference(store.facts.get(facts.JOB_ID), str(self._folder))
        source = json.dumps([store.reader.last_event(), header, str(home), __version__])
        if store.facts.get(facts.FAILED_CSV) != _file_fingerprint(path, source):
            # It contains signed URLs.
            write_csv(path, header, self._failed(home), escape_for_editing, private=True)
            store.facts.save(facts.FAILED_CSV.of(_file_fingerprint(path, source)))

    def _failed(self, home: JobReference) -> Iterator[list[str]]:
        reader = self._job.store.reader
        waiting = (r for r in reader.records_with_codes() if r.status is Status.PENDING)
        records = chain(reader.records((Status.FAILED, Status.INVALID)), waiting)
        return table.failed_lines(records, reader.columns(), home, reader.other_failed_columns())

    def write_csv(self) -> None:
        self.results_csv().write()

    def results_csv(self) -> ResultsCsv:
        job, path = self._job, self._folder / "results.csv"
        return ResultsCsv(path, job.store, self._table, job.layout(), job.seen, running=job.running)

    def write_html(self) -> None:
        from batch_import.reports.writers.html_writer import write_html

        about = replace(
            self._job.about(self._now),
            timeline=self._job.store.reader.timeline(_TIMELINE_INTERVALS),
        )
        summary = self._job.summary()
        write_html(self._folder / "results.html", self._table, self._job.records(), about, summary)

    def write_xlsx(self) -> None:
        from batch_import.reports.manual_columns import ManualContent, read_manual_content
        from batch_import.reports.writers.xlsx_writer import write_xlsx

        store, path = self._job.store, self._folder / "results.xlsx"
        rows = store.reader.counts().total
        # Reading a large workbook takes more memory than the rest of a run: only if necessary.
        untouched = path.exists() and store.facts.get(facts.WORKBOOK_DIGEST) == _digest(path)
        by_hand = (
            ManualContent()
            if untouched
            else read_manual_content(path, self._table, store.reader.is_reference)
        )
        about = self._job.about(self._now)
        notes = write_xlsx(path, self._table, self._job.records(), rows, about, by_hand)
        if notes:
            self.notices.append(
                f"{len(notes):,} notes in {path} have no place any more: they are in its sheet"
                " “Kept notes”."
            )
        digest = "" if by_hand or notes else _digest(path)
        store.facts.save(facts.WORKBOOK_DIGEST.of(digest))

    def write_cms(self) -> None:
        """Write the files for other programs, which have only imported rows."""
        for name in self._job.options.cms_format:
            lines = self._table.lines(self._job.records((Status.IMPORTED,)))
            write_cms(self._folder, self._table.header, lines, name)


def _file_fingerprint(path: Path, source: str) -> str:
    """Returns a text that identifies a file and what it was written from; empty without a file."""
    try:
        found = path.stat()
    except OSError:
        return "none"
    return json.dumps([source, found.st_size, found.st_mtime_ns])


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StateError(f"{path} cannot be read: {error.strerror or error}.", WRITE_HINT) from None


@dataclass(frozen=True, slots=True)
class _Job:
    """What the job database has about a whole job.

    Attributes:
        running: whether a run is in progress. If true, a row being created is in flight.
        rest: called between two blocks of rows, if a run is in progress.
    """

    store: Store
    running: bool = False
    rest: Callable[[], object] = lambda: None

    @property
    def options(self) -> ResultOptions:
        """Returns the options for its results."""
        return self.store.facts.get(facts.RESULT_OPTIONS)

    def table(self, options: ResultOptions) -> table.Table:
        """Returns its results."""
        reader = self.store.reader
        others = reader.other_columns()
        keep_ids = reader.manifest_id_count() > 0
        return table.results_table(
            reader.columns(), others, self.embedding(options), keep_ids=keep_ids
        )

    def seen(self, records: Iterable[ResultRow]) -> Iterator[ResultRow]:
        """Yields rows with the status that is shown to people."""
        yield from with_shown_status(records, running=self.running)
        self.rest()

    def records(self, statuses: Sequence[Status] = ()) -> Iterator[ResultRow]:
        """Yields its rows with the status that is shown to people."""
        reader = self.store.reader
        if self.running and not statuses:
            return chain.from_iterable(map(self.seen, reader.blocks(BLOCK_ROWS)))
        return self.seen(reader.records(statuses))

    def summary(self) -> Summary:
        """Returns counts and causes of all rows; only rows that need attention are read."""
        reader = self.store.reader
        causes = Summary()
        for record, rows in problem_groups(reader, running=self.running):
            causes.add_cause(record, rows)
        counts = asdict(reader.counts(is_running=self.running))
        del counts["total"]
        return Summary(Counter({Status(name): n for name, n in counts.items()}), causes.causes)

    def layout(self) -> str:
        """Returns a text that identifies what the cells depend on besides the rows."""
        options = self.options
        pictures = self.store.pictures.missing_count() if options.aspect_from_detail else 0
        base = self.store.facts.get(facts.EMBED_BASE)
        return json.dumps([asdict(options), base, pictures, __version__])

    def embedding(self, options: ResultOptions) -> Embedding:
        """Returns what creates the links of its rows."""
        # A job that never sent a request has no embed codes yet.
        return Embedding(self.store.facts.get(facts.EMBED_BASE) or EMBED_BASE, options)

    def about(self, now: float) -> ReportInfo:
        """Returns the general information about the report."""
        manifest = Path(self.store.facts.get(facts.MANIFEST) or "videos")
        return ReportInfo(manifest.name, now)
