"""The state of a job → all files of its results.

This file must not know how a file is written, nor who asked for it.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from batch_import.configuration.base_urls import EMBED_BASE
from batch_import.configuration.settings import ResultOptions
from batch_import.csv_escaping import preserved
from batch_import.errors import StateError
from batch_import.manifest.origin import JobReference
from batch_import.reports import table
from batch_import.reports.summary import About
from batch_import.reports.table import Embedding
from batch_import.reports.writers.csv_writer import write_csv
from batch_import.state import facts
from batch_import.state.store import Store

#: The kinds of files that results come in.
FORMATS: Final = ("csv", "xlsx", "html")
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
    # Also where nothing is told: an edited manifest may lack a column.
    _Job(store).table(options)
    if given:
        store.facts.save(facts.RESULT_OPTIONS.of(options))


def pictures_left(store: Store) -> int:
    """How many media the platform has yet to be asked about, as the options want it."""
    return store.pictures.missing_count() if _Job(store).options.aspect_from_detail else 0


def embedding_of(store: Store) -> Embedding:
    """What makes the links of a job's rows, as its results have them."""
    return _Job(store).embedding(_Job(store).options)


def result_rows(store: Store) -> Iterator[dict[str, str]]:
    """The results, a row at a time: its cells by the headings that they have in every file."""
    results = _Job(store).table(_Job(store).options)
    for line in results.lines(store.reader.records()):
        yield dict(zip(results.header, line, strict=True))


def write_results(
    folder: Path, store: Store, formats: Sequence[str] = FORMATS, *, now: float
) -> None:
    """Write `results.*` of these formats and `failed.csv` into the job folder.

    Args:
        now: epoch seconds.

    Raises:
        StateError: one cannot be written; the others are, all the same.
    """
    faults = []
    for write in _writers(folder, _Job(store), formats, now):
        try:
            write()
        except StateError as fault:
            faults.append(fault)
    if faults:
        raise faults[0]


def _writers(
    folder: Path, job: "_Job", formats: Sequence[str], now: float
) -> list[Callable[[], None]]:
    """What writes the files, the quickest first."""
    store, results = job.store, job.table(job.options)

    def write_failed() -> None:
        columns = store.reader.columns()
        header = table.failed_header(columns)
        home = JobReference(store.facts.get(facts.JOB_ID), str(folder))
        lines = table.failed(store.reader.records(), columns, home)
        # It holds addresses that work.
        write_csv(folder / "failed.csv", header, lines, preserved, private=True)

    def write_results_csv() -> None:
        write_csv(folder / "results.csv", results.header, results.lines(store.reader.records()))

    def write_results_html() -> None:
        from batch_import.reports.writers.html_writer import write_html

        about = replace(job.about(now), timeline=store.reader.timeline(_PARTS))
        write_html(folder / "results.html", results, store.reader.records(), about)

    def write_results_xlsx() -> None:
        from batch_import.reports.manual_columns import Added, added
        from batch_import.reports.writers.xlsx_writer import write_xlsx

        path, rows = folder / "results.xlsx", store.reader.counts().total
        # To read a great workbook takes more memory than all the rest of a run: not for nothing.
        untouched = path.exists() and store.facts.get(facts.WORKBOOK_DIGEST) == _digest(path)
        by_hand = Added() if untouched else added(path, results)
        write_xlsx(path, results, store.reader.records(), rows, job.about(now), by_hand)
        digest = "" if by_hand.headings else _digest(path)
        store.facts.save(facts.WORKBOOK_DIGEST.of(digest))

    writers = {"csv": write_results_csv, "html": write_results_html, "xlsx": write_results_xlsx}
    return [write_failed, *(write for name, write in writers.items() if name in formats)]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class _Job:
    """What the state tells of a whole job."""

    store: Store

    @property
    def options(self) -> ResultOptions:
        """How its results look."""
        return self.store.facts.get(facts.RESULT_OPTIONS)

    def table(self, options: ResultOptions) -> table.Table:
        """Its results."""
        reader = self.store.reader
        earlier = reader.removed_columns()
        return table.results_table(reader.columns(), earlier, self.embedding(options))

    def embedding(self, options: ResultOptions) -> Embedding:
        """What makes the links of its rows."""
        # A job that never made a call has no embed codes yet.
        return Embedding(self.store.facts.get(facts.EMBED_BASE) or EMBED_BASE, options)

    def about(self, now: float) -> About:
        """What its report says of itself."""
        manifest = Path(self.store.facts.get(facts.MANIFEST) or "videos")
        return About(manifest.name, now)
