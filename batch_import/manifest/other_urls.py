"""Find the URLs that a row without a source URL has in other columns. No I/O."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from batch_import.manifest.columns.candidates import heading_of
from batch_import.manifest.columns.mapping import ColumnMapping as Columns
from batch_import.manifest.columns.rendition_names import are_renditions, rendition_of
from batch_import.manifest.columns.values import CellKind, kind_of
from batch_import.manifest.read import Chunk
from batch_import.manifest.rules.source_url import MISSING_URL
from batch_import.manifest.rules.violation import Violation


def with_other_urls(
    violations: Iterable[tuple[int, Violation]],
    chunk: Chunk,
    mapping: Columns,
    header: Sequence[str],
) -> Iterator[tuple[int, Violation]]:
    """Add to the violation of each missing source URL where the row has URLs of videos.

    The URL of another rendition of the video is a certain correction, which `check --fix` writes:
    the best one.
    """
    columns: dict[int, list[str]] = {}
    for at, violation in violations:
        if violation is MISSING_URL:
            columns = columns or {at: chunk.frame[at].tolist() for at in mapping.extras}
            cells = {position: cells[at].strip() for position, cells in columns.items()}
            yield at, _completed(cells, mapping.source_url, header)
        else:
            yield at, violation


def _completed(cells: Mapping[int, str], source: int, header: Sequence[str]) -> Violation:
    """The violation of a row.

    Args:
        cells: the cells of the columns that are no fields, by position.
    """
    urls = {at: cell for at, cell in cells.items() if kind_of(cell) is CellKind.VIDEO}
    if not urls:
        return MISSING_URL
    best = max(urls, key=lambda at: _quality(header[at], header[source]))
    name = heading_of(header[best], best)
    if _quality(header[best], header[source]) == _UNKNOWN:
        return MISSING_URL._replace(
            hint=f"{MISSING_URL.hint} The row has the URL of a video in “{name}”."
        )
    hint = f"{MISSING_URL.hint} The best other version of the video is in “{name}”."
    return MISSING_URL._replace(hint=hint, fix=urls[best])


def _quality(heading: str, source: str) -> tuple[bool, bool, bool, int]:
    """How good a rendition of the source column another column is; greater is better."""
    found = rendition_of(heading)
    if found is None or not are_renditions(source, heading):
        return _UNKNOWN
    return True, *found.quality


_UNKNOWN: Final = (False, False, False, 0)
