"""Apply the rules to whole columns: chunks of texts → rows to be stored, and every problem.

The rules are in `rules/`. No I/O: this module must not know files, the network, the clock or the
job database. A manifest may have a million rows; therefore nothing is created for a valid row.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial

from batch_import.addresses.column import AddressReader
from batch_import.addresses.objects import percent_encoded
from batch_import.addresses.signatures import NO_EXTRA_NAMES
from batch_import.manifest.base_url import resolve_file_name
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
    """Checks one manifest, chunk after chunk, in the file's order.

    Args:
        now: epoch seconds, to find expired signatures; if 0, none has expired.
        own_host: `host:port` of the sandbox, which may be private.
        signing: names of URL parameters that are signatures, in addition to the known ones.
        base_url: what addresses without a host are below of.
        allowed: codes of problems that do not count.
        is_signed_scheme: whether references with a scheme can be signed, such as `s3`.
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
        is_signed_scheme: Callable[[str], bool] = source_url.has_no_signer,
    ) -> None:
        self._is_signed_scheme = is_signed_scheme
        self._mapping = mapping
        self._header = header
        self._base_url = base_url
        self._allowed = allowed
        self._columns = [
            name if position is None else heading_of(header[position], position)
            for name, position in zip(FIELDS, mapping.positions, strict=True)
        ]
        self._now = now
        self._own_host = own_host
        self._addresses = AddressReader(signing)
        self._identities = Identities()
        self._likely_pages = LikelyPages()
        self._lost_zeros = LostZeros()
        self._deadlines = UrlExpiries()

    def check(self, chunk: Chunk) -> tuple[Rows, list[Problem]]:
        """Check the next chunk.

        A row whose cells cannot be trusted (`Chunk.faults`) gets that one problem and claims no
        referenceId: its cells may belong to other columns.

        Returns:
            A row for each row of the chunk, and their problems; both in the file's order.
        """
        chunk = with_heading_rows(chunk, self._mapping.source_url)
        cells = self._mapping.cells(chunk)
        urls, names, given, own = (list(map(str.strip, column)) for column in cells)
        if self._base_url:
            urls = [resolve_file_name(self._base_url, url) for url in urls]
        stripped, ends = self._addresses.read(urls)

        found = ProblemCollector(chunk.lines, self._columns, cells, self._allowed)
        found.read(chunk.violations, self._header, self._mapping.positions)
        bad_urls = source_url.violations(urls, self._own_host, self._is_signed_scheme)
        found.add(_SOURCE_URL, with_other_urls(bad_urls, chunk, self._mapping, self._header))
        found.add(_SOURCE_URL, self._expired(ends))
        default = self._mapping.defaults.get(EXTENSION, "")
        extensions = [cell or default for cell in given]
        others = partial(self._extras, chunk)
        paths = list(map(percent_encoded, urls))
        pages = self._likely_pages.violations(paths, extensions, others, found.invalid)
        found.add(_SOURCE_URL, list(pages))
        extensions, misfits = extension.find_extensions(given, paths, found.invalid, default)
        found.add(_FILENAME, self._title_violations(names, found))
        found.add(_EXTENSION, misfits)
        found.add(_REFERENCE_ID, reference_id.violations(cells[_REFERENCE_ID], own))
        found.replace(chunk.faults)

        own = reference_id.without_placeholders(own)
        references = self._identities.references(chunk.lines, own, urls, names, chunk.faults)
        # An invalid ID is not reported as a duplicate as well.
        wrong = found.wrong(_REFERENCE_ID)
        same, alike = self._identities.known_ids(chunk.lines, own, references, wrong)
        unnamed = wrong.union(at for at, _ in same)
        found.add(_REFERENCE_ID, same)
        found.add(_REFERENCE_ID, alike)
        self._lost_zeros.add(chunk.lines, own)
        found.add(_SOURCE_URL, self._identities.same_videos(chunk.lines, stripped, found.invalid))
        for at, end in ends.items():
            if at not in found.invalid:
                self._deadlines.add(chunk.lines[at], end)

        columns = FieldColumns(references, own, urls, names, extensions, ends, stripped)
        fixes = {**self._completed(chunk, urls), **self._fixes(found)}
        return Rows(chunk, columns, unnamed, found.errors(), fixes), found.in_order()

    def _title_violations(
        self, names: Sequence[str], found: ProblemCollector
    ) -> Iterator[tuple[int, Violation]]:
        """Violations of titles. A title from an invalid URL has none: a valid URL corrects both."""
        is_from_url = self._mapping.filename is None
        unknown = found.wrong(_SOURCE_URL) if is_from_url else frozenset()
        return (each for each in filename.violations(names) if each[0] not in unknown)

    def _extras(self, chunk: Chunk) -> list[list[str]]:
        """The cells of the columns that are no fields."""
        return [chunk.frame[position].tolist() for position in self._mapping.extras]

    def _completed(self, chunk: Chunk, urls: Sequence[str]) -> dict[tuple[int, int], str]:
        """The addresses that were given without a host."""
        if not self._base_url:
            return {}
        position = self._mapping.source_url
        given = chunk.frame[position].tolist()
        pairs = enumerate(zip(given, urls, strict=True))
        return {(at, position): url for at, (cell, url) in pairs if cell.strip() != url}

    def _fixes(self, found: ProblemCollector) -> dict[tuple[int, int], str]:
        """Returns the corrected cells, by position. Fields without a column have no cell."""
        positions = self._mapping.positions
        return {
            (at, position): fix
            for (at, field), fix in found.fixes.items()
            if (position := positions[field]) is not None
        }

    def manifest_problems(self, rate: float) -> Iterator[Problem]:
        """Tell, after the last chunk, what only the whole manifest shows.

        Args:
            rate: rows that are created a second.
        """
        for problem in (*self._expiring(rate), *self._without_zeros()):
            if problem.code not in self._allowed:
                yield problem

    def _without_zeros(self) -> Iterator[Problem]:
        for line, digits in self._lost_zeros.found():
            yield Problem(
                line,
                self._columns[_REFERENCE_ID],
                "reference-zeros",
                f"most reference ids have {digits} digits, and this one has fewer",
                hint="If a spreadsheet removed zeros in front, format the column as text there.",
                severity=Severity.WARNING,
            )

    def _expiring(self, rate: float) -> Iterator[Problem]:
        """Tell which URLs may stop working before their turn; what does so first comes first."""
        for line, end, fetched in self._deadlines.find_missed(self._now, rate):
            yield Problem(
                line,
                self._columns[_SOURCE_URL],
                "url-expires",
                f"the source URL stops working on {_date(end)}, and may not be fetched before"
                f" {_date(fetched)}",
                hint="Sign it for longer, import at a higher rate, or import the rows in parts.",
                severity=Severity.WARNING,
            )

    def _expired(self, ends: dict[int, float]) -> Iterator[tuple[int, Violation]]:
        for at, end in ends.items():
            if end <= self._now:
                reason = f"the source URL stopped working on {_date(end)}"
                yield (
                    at,
                    Violation(
                        "url-expired", reason, "Sign it again, or export the manifest again."
                    ),
                )


def _date(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M} UTC"
