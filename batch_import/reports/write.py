"""The state of a job → all files of its results.

This file must not know how a file is written, nor who asked for it.
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
from batch_import.reports import HINT, table
from batch_import.reports.cms import write_cms
from batch_import.reports.results_csv import BLOCK, ResultsCsv
from batch_import.reports.seen import seen, troubles
from batch_import.reports.summary import About, Summary
from batch_import.reports.table import Embedding
from batch_import.reports.writers.csv_writer import write_csv
from batch_import.state import facts
from batch_import.state.store import Store

#: The kinds of files that results come in.
FORMATS: Final = ("csv", "xlsx", "html")
#: The same and what is written on request alone.
ALL_FORMATS: Final = (*FORMATS, "cms")
#: Parts of the import's time that the timeline shows.
_PARTS: Final = 60


def keep_options(store: Store, given: Mapping[str, Any]) -> None:
    """Keep how a job's results are to look, for this report and every later one.

    Args:
        given: fields of `ResultOptions`; the others stay as they were.

    Raises:
        UsageError: there are no such columns.
    """
    options = replace(_Job(store).options, **given)
    # Also where nothing is reported: an edited manifest may lack a column.
    _Job(store).table(options)
    if given:
        store.facts.save(facts.RESULT_OPTIONS.of(options))


def endings(store: Store, formats: Sequence[str]) -> list[str]:
    """What the names of the files of some formats end with: `csv`, `cms.json`."""
    cms = [f"cms.{name}" for name in _Job(store).options.cms_format]
    return list(chain.from_iterable(cms if name == "cms" else [name] for name in formats))


def pictures_left(store: Store) -> int:
    """How many media the platform has yet to be asked about, as the options want it."""
    return store.pictures.missing_count() if _Job(store).options.aspect_from_detail else 0


def embedding_of(store: Store) -> Embedding:
    """What makes the links of a job's rows, as its results have them."""
    return _Job(store).embedding(_Job(store).options)


def result_rows(store: Store, *, running: bool = False) -> Iterator[dict[str, str]]:
    """The results, a row at a time: its cells by the headings that they have in every file."""
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
    """Write `results.*` of these formats and `failed.csv` into the job folder.

    Args:
        now: epoch seconds.
        running: a run is in progress.
        rest: is called between two blocks of rows, while a run is in progress.

    Returns:
        What a person has to know of what was written: sentences.

    Raises:
        StateError: one cannot be written; the others are, all the same.
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
    """Write `results.csv` alone: what has changed since it was written last.

    Args:
        running, rest: as of `write_results`.

    Raises:
        StateError: it cannot be written.
    """
    _Writing(folder, _Job(store, running, rest), 0.0).write_csv()


def write_first_embed_codes(folder: Path, store: Store) -> None:
    """Bring the rows that a run has imported into `results.csv` at once, whatever its size.

    Raises:
        StateError: it cannot be written.
    """
    _Writing(folder, _Job(store, running=True), 0.0).results_csv().write_soon()


class _Writing:
    """The files of one job, at one moment. The quickest come first."""

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
        if store.facts.get(facts.FAILED_CSV) != _written(path, source):
            # It holds addresses that work.
            write_csv(path, header, self._failed(home), escape_for_editing, private=True)
            store.facts.save(facts.FAILED_CSV.of(_written(path, source)))

    def _failed(self, home: JobReference) -> Iterator[list[str]]:
        reader = self._job.store.reader
        waiting = (r for r in reader.records_with_codes() if r.status is Status.PENDING)
        records = chain(reader.records((Status.FAILED, Status.INVALID)), waiting)
        return table.failed(records, reader.columns(), home, reader.other_failed_columns())

    def write_csv(self) -> None:
        self.results_csv().write()

    def results_csv(self) -> ResultsCsv:
        job, path = self._job, self._folder / "results.csv"
        return ResultsCsv(path, job.store, self._table, job.layout(), job.seen, running=job.running)

    def write_html(self) -> None:
        from batch_import.reports.writers.html_writer import write_html

        about = replace(
            self._job.about(self._now), timeline=self._job.store.reader.timeline(_PARTS)
        )
        summary = self._job.summary()
        write_html(self._folder / "results.html", self._table, self._job.records(), about, summary)

    def write_xlsx(self) -> None:
        from batch_import.reports.manual_columns import ByHand, by_hand_in
        from batch_import.reports.writers.xlsx_writer import write_xlsx

        store, path = self._job.store, self._folder / "results.xlsx"
        rows = store.reader.counts().total
        # To read a great workbook takes more memory than all the rest of a run: not for nothing.
        untouched = path.exists() and store.facts.get(facts.WORKBOOK_DIGEST) == _digest(path)
        by_hand = (
            ByHand() if untouched else by_hand_in(path, self._table, store.reader.is_reference)
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
        """Files for programs, of the imported rows alone."""
        for name in self._job.options.cms_format:
            lines = self._table.lines(self._job.records((Status.IMPORTED,)))
            write_cms(self._folder, self._table.header, lines, name)


def _written(path: Path, source: str) -> str:
    """What stands for a file and what it was written from; nothing where there is no file."""
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
        raise StateError(f"{path} cannot be read: {error.strerror or error}.", HINT) from None


@dataclass(frozen=True, slots=True)
class _Job:
    """What the state tells of a whole job.

    Attributes:
        running: a run is in progress, so that a row being created is in flight.
        rest: is called between two blocks of rows, while a run is in progress.
    """

    store: Store
    running: bool = False
    rest: Callable[[], object] = lambda: None

    @property
    def options(self) -> ResultOptions:
        """How its results look."""
        return self.store.facts.get(facts.RESULT_OPTIONS)

    def table(self, options: ResultOptions) -> table.Table:
        """Its results."""
        reader = self.store.reader
        others = reader.other_columns()
        return table.results_table(reader.columns(), others, self.embedding(options))

    def seen(self, records: Iterable[ResultRow]) -> Iterator[ResultRow]:
        """Rows as people are to see them."""
        yield from seen(records, running=self.running)
        self.rest()

    def records(self, statuses: Sequence[Status] = ()) -> Iterator[ResultRow]:
        """Its rows, as people are to see them."""
        reader = self.store.reader
        if self.running and not statuses:
            return chain.from_iterable(map(self.seen, reader.blocks(BLOCK)))
        return self.seen(reader.records(statuses))

    def summary(self) -> Summary:
        """Counts and causes of all rows, without a look at those that need nobody."""
        reader = self.store.reader
        causes = Summary()
        for record, rows in troubles(reader, running=self.running):
            causes.add_cause(record, rows)
        counts = asdict(reader.counts(is_running=self.running))
        del counts["total"]
        return Summary(Counter({Status(name): n for name, n in counts.items()}), causes.causes)

    def layout(self) -> str:
        """What cells depend on besides their rows."""
        options = self.options
        pictures = self.store.pictures.missing_count() if options.aspect_from_detail else 0
        base = self.store.facts.get(facts.EMBED_BASE)
        return json.dumps([asdict(options), base, pictures, __version__])

    def embedding(self, options: ResultOptions) -> Embedding:
        """What makes the links of its rows."""
        # A job that never made a call has no embed codes yet.
        return Embedding(self.store.facts.get(facts.EMBED_BASE) or EMBED_BASE, options)

    def about(self, now: float) -> About:
        """What its report says of itself."""
        manifest = Path(self.store.facts.get(facts.MANIFEST) or "videos")
        return About(manifest.name, now)
