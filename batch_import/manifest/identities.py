"""Reference IDs and videos that occur more than once in the whole manifest. No I/O.

Nothing here depends on the position of a row in the file. This module must not know the rules for
single cells.
"""

from collections.abc import Collection, Iterator, Sequence

from batch_import.addresses.urls import canonical_url
from batch_import.manifest.first_lines import FirstLines
from batch_import.manifest.known_ids import KnownIds
from batch_import.manifest.reference import generate_reference_id
from batch_import.manifest.rules.violation import Violation, warning


class Identities:
    """The referenceIds and videos of all rows so far."""

    def __init__(self) -> None:
        self._ids = KnownIds()
        self._videos = FirstLines()
        self._addresses = FirstLines()
        self._rows = FirstLines()

    def references(
        self,
        lines: Sequence[int],
        own: Sequence[str],
        urls: Sequence[str],
        titles: Sequence[str],
        left_out: Collection[int],
    ) -> list[str]:
        """Give each of the next rows its referenceId: its own, or one made from its address.

        It is empty where there is neither, and for the rows that are left out.
        """
        references = list(own)
        for at in left_out:
            references[at] = ""
        if "" in own:
            blank = _indexes(urls, {at for at, reference in enumerate(own) if reference}, left_out)
            addresses = [canonical_url(urls[at]) for at in blank]
            places = [lines[at] for at in blank]
            repeated = self._addresses.claim(addresses, places)
            # The ID of the first row with a URL is made from the URL alone. The ID of a later row
            # with the same URL and the same title is made in the same way.
            rows = [
                f"{address}\n{titles[at]}" for at, address in zip(blank, addresses, strict=True)
            ]
            same = self._rows.claim(rows, places)
            for index, (at, address) in enumerate(zip(blank, addresses, strict=True)):
                is_first = index not in repeated or same.get(index) == repeated[index]
                references[at] = generate_reference_id(address, "" if is_first else titles[at])
        return references

    def known_ids(
        self,
        lines: Sequence[int],
        own: Sequence[str],
        references: Sequence[str],
        left_out: Collection[int],
    ) -> tuple[list[tuple[int, Violation]], list[tuple[int, Violation]]]:
        """Compare the referenceIds of the next rows with those before; blank ones do not count.

        Args:
            own: reference IDs that the manifest gives; `references` also has the made IDs.

        Returns:
            Index and violation of the rows whose referenceId an earlier row has; and of those
            whose own only looks like one.
        """
        at = _indexes(references, left_out)
        known = self._ids.claim([references[place] for place in at], [lines[place] for place in at])
        same = [(at[index], first) for index, first in known.same.items()]
        alike = [(at[index], first) for index, first in known.alike.items() if own[at[index]]]
        return (
            [(at, _same_reference(first) if own[at] else _same_row(first)) for at, first in same],
            [(at, _alike(first, lines[at])) for at, first in alike],
        )

    def same_videos(
        self, lines: Sequence[int], videos: Sequence[str], left_out: Collection[int]
    ) -> Iterator[tuple[int, Violation]]:
        """Yield the rows whose video an earlier row has, under another referenceId.

        Args:
            videos: the addresses without what signs them.
        """
        for at, first in _known(self._videos, lines, videos, left_out):
            yield (
                at,
                warning(
                    "duplicate-video",
                    f"the source URL is the same as on line {first}; signatures do not count",
                    "Remove one of the two, unless the video is wanted twice.",
                ),
            )


def _same_reference(first: int) -> Violation:
    return Violation(
        "duplicate-reference",
        f"the reference id is a duplicate of the ID on line {first}",
        "Give every row a reference id of its own.",
    )


def _alike(first: int, line: int) -> Violation:
    return warning(
        "reference-alike",
        f"the reference ids of lines {first} and {line} look alike, but differ in case, accents,"
        " width or similar characters",
        "If they mean one video, remove one of the rows; else choose clearer ids.",
    )


def _same_row(first: int) -> Violation:
    return Violation(
        "duplicate-row",
        f"line {first} has the same source URL and title, and this row has no reference id",
        "Remove one of the two; if the video is wanted twice, give each row a reference id.",
    )


def _known(
    first_lines: FirstLines,
    lines: Sequence[int],
    texts: Sequence[str],
    left_out: Collection[int],
) -> Iterator[tuple[int, int]]:
    """Yield index and earlier line of each text that is known; blank ones do not count."""
    if left_out or "" in texts:
        taken = _indexes(texts, left_out)
        known = first_lines.claim([texts[at] for at in taken], [lines[at] for at in taken])
        yield from ((taken[index], first) for index, first in known.items())
    else:
        yield from first_lines.claim(texts, lines).items()


def _indexes(texts: Sequence[str], *left_out: Collection[int]) -> list[int]:
    skipped = frozenset().union(*left_out)
    return [at for at, text in enumerate(texts) if text and at not in skipped]
