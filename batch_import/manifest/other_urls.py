"""Find the URLs that a row without a source URL has in other columns. No I/O.

Some manifests have several columns with files of the same video in different qualities, which are
called renditions: `url`, `url_hd`, `url_sd`. Only one column is imported, and may have blank cells.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from batch_import.manifest.columns.candidates import heading_of
from batch_import.manifest.columns.mapping import ColumnMapping
from batch_import.manifest.columns.rendition_names import are_renditions, rendition_of
from batch_import.manifest.columns.values import CellKind, kind_of
from batch_import.manifest.read import Chunk
from batch_import.manifest.rules.source_url import MISSING_URL
from batch_import.manifest.rules.violation import Violation


def with_other_urls(
    violations: Iterable[tuple[int, Violation]],
    chunk: Chunk,
    mapping: ColumnMapping,
    header: Sequence[str],
) -> Iterator[tuple[int, Violation]]:
    """Complete the violation of each missing source URL: name the column that has a URL instead.

    If the row has the URLs of other renditions of the video, the best of them is the correction of
    the missing cell, which `check --fix` writes.

    Args:
        violations: row index in the chunk, and violation of the source URL.

    Yields:
        The same pairs. Violations other than a missing URL are unchanged.
    """
    other_columns: dict[int, list[str]] = {}
    for row_index, violation in violations:
        if violation is not MISSING_URL:
            yield row_index, violation
            continue
        if not other_columns:
            other_columns = {
                position: chunk.frame[position].tolist() for position in mapping.extras
            }
        cells = {position: column[row_index].strip() for position, column in other_columns.items()}
        yield row_index, _missing_url(cells, mapping.source_url, header)


def _missing_url(
    cells: Mapping[int, str], source_position: int, header: Sequence[str]
) -> Violation:
    """Return the violation of one row without a source URL.

    Args:
        cells: position of each column that is no field → the row's cell.
        source_position: position of the column of source URLs.
    """
    urls = {position: cell for position, cell in cells.items() if kind_of(cell) is CellKind.VIDEO}
    if not urls:
        return MISSING_URL
    source_heading = header[source_position]
    scores = {position: _rendition_score(header[position], source_heading) for position in urls}
    best = max(urls, key=lambda position: scores[position])
    name = heading_of(header[best], best)
    if scores[best] == _NO_RENDITION:
        hint = f"{MISSING_URL.hint} The row has the URL of a video in “{name}”."
        return MISSING_URL._replace(hint=hint)
    hint = f"{MISSING_URL.hint} The best other version of the video is in “{name}”."
    return MISSING_URL._replace(hint=hint, fix=urls[best])


def _rendition_score(heading: str, source_heading: str) -> tuple[bool, bool, bool, int]:
    """A score of the quality of a column's renditions. Greater is better.

    Args:
        heading: the name of the column.
        source_heading: the name of the column of source URLs.

    Returns:
        `_NO_RENDITION` if the names do not show that the two columns are of the same videos.
    """
    rendition = rendition_of(heading)
    if rendition is None or not are_renditions(source_heading, heading):
        return _NO_RENDITION
    return True, *rendition.quality


#: The lowest score.
_NO_RENDITION: Final = (False, False, False, 0)
