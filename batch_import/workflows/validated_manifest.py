"""Read the manifest of a command, and validate its rows while they are read.

Each problem is written to `problems.csv` when it is found, so that a million problems need no
memory. A manifest may be a corrected `failed.csv`: it has the columns of the original manifest, and
two origin columns, which name the job and the row. This module must not know the platform, nor what
is done with the rows.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

from batch_import import __version__
from batch_import.addresses.masking import add_masked_names
from batch_import.configuration.request import ImportRequest
from batch_import.errors import Interrupted
from batch_import.manifest.columns.mapping import first_chunk_with_url, map_columns
from batch_import.manifest.columns.restricted_rows import RestrictedRows
from batch_import.manifest.origin import origin_columns
from batch_import.manifest.read import open_manifest
from batch_import.manifest.rows import Rows
from batch_import.manifest.validate import Validator
from batch_import.models import ManifestColumns
from batch_import.reports.problems import ProblemWriter
from batch_import.sources import registry
from batch_import.state.store import Store
from batch_import.workflows.job_videos import same_video_problems
from batch_import.workflows.load_problems import file_problems
from batch_import.workflows.load_result import ManifestReading
from batch_import.workflows.source_checks import PreflightProgress, SourceChecks


class ValidatedManifest:
    """A manifest whose rows are validated with the settings of one command.

    Args:
        request: the manifest and all settings.
        now: the current time, in epoch seconds.
        stop: set it to stop early.
        on_progress: called after each source that preflight checks.

    Attributes:
        request: the argument.
        now: the argument.
        file: the manifest file: its header, and its rows before they are validated.
        mapping: which column has which field.
        origin: the columns that name the job and the row, if the file is a corrected `failed.csv`;
            otherwise None.
        signing: case-folded names of the parameters of URLs that are parts of a signature.
        restricted_rows: counts the rows that may not be wanted, of those that were read so far.
        invalid_lines: line numbers of the rows with an error, of those that were read so far.

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
    ) -> None:
        options = request.reading
        self.request = request
        self.now = now
        self._stop = stop
        self._on_progress = on_progress
        self.signing = frozenset(name.casefold() for name in options.signing)
        add_masked_names(self.signing)
        self.file = open_manifest(request.manifest, options)
        self.mapping = map_columns(
            self.file.header,
            first_chunk_with_url(self.file.chunks()),
            options.map,
            options.default,
        )
        self.origin = origin_columns(self.file.header)
        self.restricted_rows = RestrictedRows(
            self.file.header, self.mapping.restriction_positions, now
        )
        self.invalid_lines: set[int] = set()
        self._comment_lines: list[int] = []
        self._correctable_count = 0

    @property
    def columns(self) -> ManifestColumns:
        """The manifest's columns, and the position of each field's column."""
        return ManifestColumns(self.file.header, self.mapping.positions)

    @property
    def source_column(self) -> str:
        """Name of the column of source URLs."""
        return self.file.header[self.mapping.source_url]

    @property
    def reference_id_column(self) -> str | None:
        """Name of the column of reference IDs; None if there is none."""
        position = self.mapping.reference_id
        return None if position is None else self.file.header[position]

    @property
    def fingerprint(self) -> str:
        """A text that changes if the manifest must be read again.

        It contains the version of the program, because another version may have other rules.
        """
        fields = list(self.mapping.positions)
        return f"{self.file.digest} {fields} {self.request.reading} {__version__}"

    def add_signing(self, names: frozenset[str]) -> None:
        """Treat more parameters of URLs as parts of a signature, in rows that are read later."""
        self.signing |= names

    def read_chunks(self, problems: ProblemWriter, store: Store | None = None) -> Iterator[Rows]:
        """Read and validate the manifest. Yield its rows in chunks, and add their problems.

        Args:
            problems: the problems are added to it.
            store: database of the job with whose rows the rows of a corrected `failed.csv` are
                compared; None for any other manifest.

        Raises:
            Interrupted: `stop` was set.
        """
        validator = self._validator()
        for problem in file_problems(self.file, self.mapping):
            if problem.code not in self.request.reading.allow:
                problems.add(problem)
        for chunk in self.file.chunks():
            self.raise_if_stopped()
            self._comment_lines += chunk.comments
            rows, chunk_problems = validator.check(chunk)
            self.invalid_lines.update(chunk.lines[index] for index in rows.errors)
            self.restricted_rows.add(chunk.frame, chunk.lines, rows.errors)
            self._correctable_count += rows.count_correctable_cells(
                self.file.header, chunk_problems
            )
            for problem in rows.add_ids_and_titles(chunk_problems):
                problems.add(problem)
            if store:
                self._add_same_videos(store, rows, problems)
            yield rows
        for problem in validator.manifest_problems(self.request.settings.rate):
            problems.add(problem)

    def _validator(self) -> Validator:
        reading = self.request.reading
        return Validator(
            self.mapping,
            self.file.header,
            now=self.now,
            own_host=self.request.settings.own_host,
            signing=self.signing,
            base_url=reading.base_url,
            allowed=reading.allow,
            is_signed_scheme=registry.is_signed_scheme,
        )

    def _add_same_videos(self, store: Store, rows: Rows, problems: ProblemWriter) -> None:
        """Add a problem for each corrected row that is the video of another row of the job."""
        if self.origin and "duplicate-video" not in self.request.reading.allow:
            for problem in same_video_problems(store, rows, self.origin, self.source_column):
                problems.add(problem)

    def open_preflight(self) -> AbstractContextManager[SourceChecks | None]:
        """Returns a context manager of the source checks; of None if preflight is off."""
        if not self.request.settings.preflight:
            return nullcontext()
        return SourceChecks(self.request, self.source_column, self._stop, self._on_progress)

    def describe(self) -> ManifestReading:
        """Returns how the manifest was read. Rows that were not read yet are not counted."""
        notes = (*self.file.notes, *self.mapping.notes, *self.restricted_rows.notes())
        return ManifestReading(
            self.file.format_description,
            self.mapping.describe(self.file.header),
            self._comment_lines,
            notes,
            self._correctable_count,
        )

    def raise_if_stopped(self) -> None:
        """Raise an error if the command was stopped while the manifest was being read.

        Raises:
            Interrupted: `stop` was set.
        """
        if self._stop.is_set():
            raise Interrupted("Interrupted.", "Run the same command again.")
