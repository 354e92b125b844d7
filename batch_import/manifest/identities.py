"""Reference IDs and videos that occur more than once in the whole manifest. No I/O.

The result for a row depends on the rows before it, but not on their line numbers. This module must
not know the rules for single cells.
"""

from collections.abc import Collection, Iterator, Sequence

from batch_import.addresses.urls import canonical_url
from batch_import.manifest.first_lines import FirstLines
from batch_import.manifest.known_ids import KnownIds
from batch_import.manifest.reference import generate_reference_id
from batch_import.manifest.rules.violation import Violation, warning


class Identities:
    """The reference IDs and the videos of all rows so far.

    The methods are called once for each chunk of rows, in file order. They identify a row by its
    index in the chunk.
    """

    def __init__(self) -> None:
        self._ids = KnownIds()
        self._videos = FirstLines()
        #: URLs, and URLs with titles, of the rows without a reference ID in the manifest.
        self._urls = FirstLines()
        self._urls_with_titles = FirstLines()

    def assign_ids(
        self,
        lines: Sequence[int],
        own_ids: Sequence[str],
        urls: Sequence[str],
        titles: Sequence[str],
        skipped_rows: Collection[int],
    ) -> list[str]:
        """Return the reference ID of each row: its own, or else an ID generated from its URL.

        Args:
            lines: line number of each row.
            own_ids: the IDs in the manifest; empty if a row has none.
            urls: the source URLs; empty if a row has none.
            titles: the titles; empty if a row has none.
            skipped_rows: indexes of rows that get no ID.

        Returns:
            One ID per row; empty for a skipped row, and for a row with neither an ID nor a URL.
        """
        references = list(own_ids)
        for index in skipped_rows:
            references[index] = ""
        if "" not in own_ids:
            return references
        rows_with_id = {index for index, own_id in enumerate(own_ids) if own_id}
        rows = _filled_indexes(urls, rows_with_id, skipped_rows)
        row_lines = [lines[index] for index in rows]
        canonical_urls = [canonical_url(urls[index]) for index in rows]
        urls_with_titles = [
            f"{url}\n{titles[index]}" for index, url in zip(rows, canonical_urls, strict=True)
        ]
        first_lines = self._urls.claim(canonical_urls, row_lines)
        first_lines_with_title = self._urls_with_titles.claim(urls_with_titles, row_lines)
        for position, (index, url) in enumerate(zip(rows, canonical_urls, strict=True)):
            # The ID of the first row with a URL is generated from the URL alone. A later row with
            # the same URL and title gets the same ID, and is therefore reported as a duplicate.
            first_line = first_lines.get(position)
            is_first = first_line is None or first_lines_with_title.get(position) == first_line
            references[index] = generate_reference_id(url, "" if is_first else titles[index])
        return references

    def find_duplicate_ids(
        self,
        lines: Sequence[int],
        own_ids: Sequence[str],
        references: Sequence[str],
        stripped_urls: Sequence[str],
        skipped_rows: Collection[int],
    ) -> tuple[list[tuple[int, Violation]], list[tuple[int, Violation]]]:
        """Compare the reference IDs of the rows with the IDs of earlier rows.

        Args:
            lines: line number of each row.
            own_ids: the IDs in the manifest; empty if a row has none.
            references: the result of `assign_ids`. Rows without an ID are ignored.
            stripped_urls: the source URLs without signatures; empty if a row has none.
            skipped_rows: indexes of rows that are ignored.

        Returns:
            Two lists of row indexes and violations: the rows whose ID an earlier row has, and the
            rows whose own ID only looks like the ID of an earlier row.
        """
        rows = _filled_indexes(references, skipped_rows)
        earlier = self._ids.claim(
            [references[index] for index in rows],
            [stripped_urls[index] for index in rows],
            [lines[index] for index in rows],
        )
        duplicates = []
        for position, first_line in earlier.same.items():
            index = rows[position]
            if not own_ids[index]:
                violation = _same_row(first_line)
            elif position in earlier.same_urls:
                violation = _same_id_and_url(first_line)
            else:
                violation = _same_id(first_line)
            duplicates.append((index, violation))
        similar = []
        for position, first_line in earlier.alike.items():
            index = rows[position]
            if own_ids[index]:
                similar.append((index, _similar_id(first_line, lines[index])))
        return duplicates, similar

    def find_same_videos(
        self, lines: Sequence[int], stripped_urls: Sequence[str], skipped_rows: Collection[int]
    ) -> Iterator[tuple[int, Violation]]:
        """Yield the rows whose video an earlier row has under another reference ID.

        Args:
            lines: line number of each row.
            stripped_urls: the source URLs without signatures; empty if a row has none.
            skipped_rows: indexes of rows that are ignored.

        Yields:
            Row index and violation.
        """
        rows: Sequence[int] = range(len(stripped_urls))
        if skipped_rows or "" in stripped_urls:
            rows = _filled_indexes(stripped_urls, skipped_rows)
            stripped_urls = [stripped_urls[index] for index in rows]
            lines = [lines[index] for index in rows]
        for position, first_line in self._videos.claim(stripped_urls, lines).items():
            yield (
                rows[position],
                warning(
                    "duplicate-video",
                    f"the source URL is the same as on line {first_line}; signatures do not count",
                    "Remove one of the two, unless the video is wanted twice.",
                ),
            )


def _same_id(first_line: int) -> Violation:
    return Violation(
        "duplicate-reference",
        f"the reference id is a duplicate of the ID on line {first_line}",
        "Give every row a reference id of its own.",
    )


def _same_id_and_url(first_line: int) -> Violation:
    return _same_id(first_line)._replace(
        reason=f"the reference id and the source URL are those of line {first_line}",
        hint="Delete this row: it is the same video.",
    )


def _similar_id(first_line: int, line: int) -> Violation:
    return warning(
        "reference-alike",
        f"the reference ids of lines {first_line} and {line} look alike, but differ in case,"
        " accents, width or similar characters",
        "If they mean one video, remove one of the rows; else choose clearer ids.",
    )


def _same_row(first_line: int) -> Violation:
    return Violation(
        "duplicate-row",
        f"line {first_line} has the same source URL and title, and this row has no reference id",
        "Remove one of the two; if the video is wanted twice, give each row a reference id.",
    )


def _filled_indexes(texts: Sequence[str], *skipped_rows: Collection[int]) -> list[int]:
    """Return the indexes of the texts that are not empty and not skipped."""
    skipped = frozenset().union(*skipped_rows)
    return [index for index, text in enumerate(texts) if text and index not in skipped]
