"""Apply the rules to the rows of a manifest: chunks of texts → rows to be stored, and all problems.

The rules are in `rules/`. Each rule checks a whole column of a chunk, and creates objects only for
violations, because a manifest may have a million rows and most are valid. No I/O: this module must
not know files, the network, the clock or the job database.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import chain

from batch_import.addresses.column import AddressReader
from batch_import.addresses.objects import percent_encoded
from batch_import.addresses.signatures import NO_EXTRA_NAMES
from batch_import.manifest.base_url import resolve_file_name
from batch_import.manifest.blank_ids import BlankIds
from batch_import.manifest.columns.aliases import EXTENSION, FIELDS
from batch_import.manifest.columns.candidates import heading_of
from batch_import.manifest.columns.mapping import ColumnMapping
from batch_import.manifest.deadlines import UrlExpiries
from batch_import.manifest.heading_rows import with_heading_rows
from batch_import.manifest.identities import Identities
from batch_import.manifest.likely_pages import LikelyPages
from batch_import.manifest.lost_zeros import LostZeros
from batch_import.manifest.other_urls import with_other_urls
from batch_import.manifest.problem_collector import ProblemCollector
from batch_import.manifest.read import Chunk
from batch_import.manifest.rows import FieldColumns, Rows
from batch_import.manifest.rules import extension, filename, reference_id, source_url
from batch_import.manifest.rules.violation import Violation
from batch_import.models import Problem, Severity

_SOURCE_URL, _FILENAME, _EXTENSION, _REFERENCE_ID = range(len(FIELDS))


class Validator:
    """Checks one manifest, chunk after chunk, in file order.

    Args:
        mapping: the column of each field.
        header: names of all columns.
        now: current time in epoch seconds, to find expired signatures; 0 to find none.
        own_host: `host:port` of the sandbox, which is allowed although it is private.
        signing: names of URL parameters that are signatures, in addition to the known ones.
        base_url: URL against which relative file names are resolved; None if there is none.
        allowed: codes of problems that the user turned off.
        is_signed_scheme: whether references to files in cloud storage with a scheme, such as `s3`,
            can be signed.
    """

    def __init__(
        self,
        mapping: ColumnMapping,
        header: tuple[str, ...],
        *,
        now: float = 0.0,
        own_host: str = "",
        signing: frozenset[str] = NO_EXTRA_NAMES,
        base_url: str | None = None,
        allowed: Collection[str] = (),
        is_signed_scheme: Callable[[str], bool] = source_url.sign_no_scheme,
    ) -> None:
        self._is_signed_scheme = is_signed_scheme
        self._mapping = mapping
        self._header = header
        self._base_url = base_url
        self._allowed = allowed
        #: Name of the column of each field, in the order of `FIELDS`.
        self._column_names = [
            name if position is None else heading_of(header[position], position)
            for name, position in zip(FIELDS, mapping.positions, strict=True)
        ]
        self._now = now
        self._own_host = own_host
        self._signed_urls = AddressReader(signing)
        self._identities = Identities()
        self._likely_pages = LikelyPages()
        self._lost_zeros = LostZeros()
        self._url_expiries = UrlExpiries()
        self._blank_ids = BlankIds()

    def check(self, chunk: Chunk) -> tuple[Rows, list[Problem]]:
        """Check the next chunk.

        A row with uncertain cells (`Chunk.faults`) gets only this fault as its problem, and no
        reference ID, because its cells may belong to other columns.

        Returns:
            A row for each row of the chunk, and the problems of these rows; both in file order.
        """
        chunk = with_heading_rows(
            chunk, self._mapping.source_url, self._mapping.filename, self._mapping.reference_id
        )
        cells = self._mapping.cells(chunk)
        urls, titles, given_extensions, ids = (list(map(str.strip, column)) for column in cells)
        if self._base_url:
            urls = [resolve_file_name(self._base_url, url) for url in urls]
        stripped_urls, expiries = self._signed_urls.read(urls)

        collector = ProblemCollector(chunk.lines, self._column_names, cells, self._allowed)
        collector.add_reader_violations(chunk.violations, self._header, self._mapping.positions)
        collector.add(_SOURCE_URL, self._url_violations(chunk, urls))
        collector.add(_SOURCE_URL, self._expired_urls(expiries))
        paths = list(map(percent_encoded, urls))
        collector.add(
            _SOURCE_URL, self._page_violations(chunk, paths, given_extensions, collector.invalid)
        )
        extensions, extension_violations = extension.find_extensions(
            given_extensions, paths, collector.invalid, self._default_extension
        )
        collector.add(_FILENAME, self._title_violations(titles, collector))
        collector.add(_EXTENSION, extension_violations)
        collector.add(_REFERENCE_ID, reference_id.violations(cells[_REFERENCE_ID], ids))
        collector.replace(chunk.faults)

        ids = reference_id.without_placeholders(ids)
        self._blank_ids.add(chunk.lines, ids, chunk.faults)
        references = self._identities.assign_ids(chunk.lines, ids, urls, titles, chunk.faults)
        # An invalid ID is not reported as a duplicate as well.
        invalid_ids = collector.rows_with_error(_REFERENCE_ID)
        duplicates, similar = self._identities.find_duplicate_ids(
            chunk.lines, ids, references, stripped_urls, invalid_ids
        )
        without_identity = invalid_ids.union(index for index, _ in duplicates)
        collector.add(_REFERENCE_ID, duplicates)
        collector.add(_REFERENCE_ID, similar)
        # A row with uncertain cells has no reference.
        own_ids = [own and reference for own, reference in zip(ids, references, strict=True)]
        self._lost_zeros.add(chunk.lines, own_ids)
        collector.add(
            _SOURCE_URL,
            self._identities.find_same_videos(chunk.lines, stripped_urls, collector.invalid),
        )
        for index, expires_at in expiries.items():
            if index not in collector.invalid:
                self._url_expiries.add(chunk.lines[index], expires_at)

        columns = FieldColumns(references, ids, urls, titles, extensions, expiries, stripped_urls)
        fixes = {**self._resolved_names(chunk, urls), **self._fixes(collector)}
        rows = Rows(chunk, columns, without_identity, collector.errors(), fixes)
        return rows, collector.in_row_order()

    @property
    def _default_extension(self) -> str:
        return self._mapping.defaults.get(EXTENSION, "")

    def _url_violations(self, chunk: Chunk, urls: list[str]) -> Iterator[tuple[int, Violation]]:
        violations = source_url.violations(urls, self._own_host, self._is_signed_scheme)
        return with_other_urls(violations, chunk, self._mapping, self._header)

    def _page_violations(
        self, chunk: Chunk, paths: list[str], extensions: list[str], invalid: set[int]
    ) -> list[tuple[int, Violation]]:
        extensions = [cell or self._default_extension for cell in extensions]
        other_columns = partial(self._other_columns, chunk)
        # A list, because `invalid` changes while the caller adds the violations.
        return list(self._likely_pages.violations(paths, extensions, other_columns, invalid))

    def _title_violations(
        self, titles: Sequence[str], collector: ProblemCollector
    ) -> Iterator[tuple[int, Violation]]:
        """Yield the violations of titles.

        A title from an invalid URL has none, because a correction of the URL corrects both.
        """
        is_from_url = self._mapping.filename is None
        skipped_rows = collector.rows_with_error(_SOURCE_URL) if is_from_url else frozenset()
        for index, violation in filename.violations(titles):
            if index not in skipped_rows:
                yield index, violation

    def _other_columns(self, chunk: Chunk) -> list[list[str]]:
        """Return the cells of the columns that are no fields."""
        return [chunk.frame[position].tolist() for position in self._mapping.extras]

    def _resolved_names(self, chunk: Chunk, urls: Sequence[str]) -> dict[tuple[int, int], str]:
        """Return row index and column position → URL, for file names that became URLs."""
        if not self._base_url:
            return {}
        position = self._mapping.source_url
        cells = chunk.frame[position].tolist()
        pairs = enumerate(zip(cells, urls, strict=True))
        return {(index, position): url for index, (cell, url) in pairs if cell.strip() != url}

    def _fixes(self, collector: ProblemCollector) -> dict[tuple[int, int], str]:
        """Return row index and column position → corrected cell.

        Fields without a column are left out.
        """
        fixes = {}
        for (index, field), fix in collector.fixes.items():
            position = self._mapping.positions[field]
            if position is not None:
                fixes[index, position] = fix
        return fixes

    def manifest_problems(self, rate: float) -> Iterator[Problem]:
        """Yield the problems that can only be found after the last chunk was checked.

        Args:
            rate: number of rows that are sent per second.
        """
        problems = (
            self._urls_that_expire(rate), self._ids_without_zeros(), self._rows_without_id()
        )  # fmt: skip
        for problem in chain(*problems):
            if problem.code not in self._allowed:
                yield problem

    def _rows_without_id(self) -> Iterator[Problem]:
        for line in self._blank_ids.find_lines():
            yield Problem(
                line,
                self._column_names[_REFERENCE_ID],
                "reference-blank",
                "most rows have a reference id, and this row has none: one is made from its URL",
                hint="If the row has an id, write it: an id cannot be changed after the import.",
                severity=Severity.WARNING,
            )

    def _ids_without_zeros(self) -> Iterator[Problem]:
        for line, digits in self._lost_zeros.find_short_ids():
            yield Problem(
                line,
                self._column_names[_REFERENCE_ID],
                "reference-zeros",
                f"other reference ids have {digits} digits, and this one has fewer",
                hint="If a spreadsheet removed zeros in front, format the column as text there.",
                severity=Severity.WARNING,
            )

    def _urls_that_expire(self, rate: float) -> Iterator[Problem]:
        """Yield a problem for each URL that may expire before it is fetched, in expiry order."""
        for line, expires_at, fetched_at in self._url_expiries.find_missed(self._now, rate):
            yield Problem(
                line,
                self._column_names[_SOURCE_URL],
                "url-expires",
                f"the source URL stops working on {_date(expires_at)}, and may not be fetched"
                f" before {_date(fetched_at)}",
                hint="Sign it for longer, import at a higher rate, or import the rows in parts.",
                severity=Severity.WARNING,
            )

    def _expired_urls(self, expiries: dict[int, float]) -> Iterator[tuple[int, Violation]]:
        for index, expires_at in expiries.items():
            if expires_at <= self._now:
                reason = f"the source URL stopped working on {_date(expires_at)}"
                hint = "Sign it again, or export the manifest again."
                yield index, Violation("url-expired", reason, hint)


def _date(epoch_seconds: float) -> str:
    return f"{datetime.fromtimestamp(epoch_seconds, UTC):%Y-%m-%d %H:%M} UTC"
