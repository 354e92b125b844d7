"""What the whole manifest says of a row: whose referenceId and video it is. Pure.

This file must not know the rules for single cells.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from batch_import.addresses.signatures import stripped
from batch_import.manifest.first_lines import FirstLines
from batch_import.manifest.reference import made_reference
from batch_import.manifest.rules.flaw import Flaw, warning


class Identities:
    """The referenceIds and videos of all rows so far."""

    def __init__(self) -> None:
        self._references = FirstLines()
        self._videos = FirstLines()
        self._made = FirstLines()
        self._repeats: Counter[str] = Counter()

    def references(
        self,
        lines: Sequence[int],
        own: Sequence[str],
        urls: Sequence[str],
        left_out: Collection[int],
    ) -> list[str]:
        """Give each of the next rows its referenceId: its own, or one made from its URL.

        It is empty where there is neither, and for the rows that are left out.
        """
        references = list(own)
        for at in left_out:
            references[at] = ""
        if "" in own:
            blank = _indexes(urls, {at for at, reference in enumerate(own) if reference}, left_out)
            for at, reference in self._make(lines, urls, blank):
                references[at] = reference
        return references

    def _make(
        self, lines: Sequence[int], urls: Sequence[str], blank: Sequence[int]
    ) -> Iterator[tuple[int, str]]:
        made = [made_reference(urls[at]) for at in blank]
        repeated = self._made.claim(made, [lines[at] for at in blank])
        for index, (at, reference) in enumerate(zip(blank, made, strict=True)):
            if index in repeated:
                self._repeats[reference] += 1
                yield at, made_reference(urls[at], 1 + self._repeats[reference])
            else:
                yield at, reference

    def duplicates(
        self, lines: Sequence[int], references: Sequence[str]
    ) -> Iterator[tuple[int, Flaw]]:
        """Yield the rows whose referenceId an earlier row has, and what that is."""
        for at, first in _known(self._references, lines, references, ()):
            yield (
                at,
                Flaw(
                    "duplicate-reference",
                    f"the reference id stands on line {first} already",
                    "Give every row a reference id of its own.",
                ),
            )

    def same_videos(
        self, lines: Sequence[int], urls: Sequence[str], left_out: Collection[int]
    ) -> Iterator[tuple[int, Flaw]]:
        """Yield the rows whose video an earlier row has, under another referenceId."""
        videos = [
            stripped(url) if "?" in url and at not in left_out else url
            for at, url in enumerate(urls)
        ]
        for at, first in _known(self._videos, lines, videos, left_out):
            yield (
                at,
                warning(
                    "duplicate-video",
                    f"the same source URL stands on line {first} already",
                    "Remove one of the two, unless the video is wanted twice.",
                ),
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
