"""Verification in one place: read the account → compare each row → write `verify.csv`.

The job's state is only read. This file must not know how calls are made, nor how a row is judged.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from batch_import.models import Record
from batch_import.reports.table import Embedding
from batch_import.reports.writers.csv_writer import csv_file
from batch_import.state.listing import AccountListing
from batch_import.state.store import Store
from batch_import.verification.account_reader import AccountReader
from batch_import.verification.verdict import (
    COLUMNS,
    FAULTS,
    Finding,
    Verdict,
    judged,
    line_of,
    line_of_other,
)
from batch_import.viostream.account_pager import ListEnd
from batch_import.viostream.embed import embed_url
from batch_import.viostream.embed_page import EmbedPages

_HINT: Final = "Fix that (is it open elsewhere?), then run the same command again."
#: Rows of a verdict that are named where there is no room for all.
_NAMED: Final = 5


@dataclass(slots=True)
class VerdictGroup:
    """All rows of one verdict.

    Attributes:
        lines: of the first few, in the manifest.
        first: the first one, as an example: its reference ID, and the detail.
    """

    verdict: Verdict
    count: int
    lines: list[int]
    first: tuple[str, str]


@dataclass(slots=True)
class VerificationResult:
    """What was found, in numbers.

    Attributes:
        listed: media of the account that were seen.
        reported_total: how many media the list reports; None where it does not report that.
        end: how reading the list ended.
        others: media that no row names.
    """

    listed: int
    reported_total: int | None
    end: ListEnd | None = None
    others: int = 0
    _groups: dict[Verdict, VerdictGroup] = field(default_factory=dict)

    @property
    def groups(self) -> list[VerdictGroup]:
        """What there is, the gravest first."""
        return [self._groups[verdict] for verdict in Verdict if verdict in self._groups]

    @property
    def rows(self) -> int:
        """How many rows the job has."""
        return sum(group.count for group in self._groups.values())

    @property
    def holds(self) -> bool:
        """Whether every row is as it should be."""
        return FAULTS.isdisjoint(self._groups)

    @property
    def list_fault(self) -> str:
        """Why the account's list could not be read to its end; empty where it was."""
        return "" if self.end in (None, ListEnd.COMPLETE) else self.end.value

    def add(self, record: Record, finding: Finding) -> None:
        """Take a row up."""
        group = self._groups.setdefault(
            finding.verdict,
            VerdictGroup(finding.verdict, 0, [], (record.reference_id, finding.detail)),
        )
        group.count += 1
        if len(group.lines) < _NAMED:
            group.lines.append(record.line)


def compare_job(
    store: Store,
    look: AccountReader,
    listing: AccountListing,
    embedding: Embedding,
    path: Path,
    *,
    embeds: bool,
) -> VerificationResult:
    """Compare every row with the account, and write what was found.

    Args:
        listing: where `look` keeps what it sees.
        embedding: what makes the links of the rows.
        path: of the file to be written.
        embeds: ask for the embed pages, too.

    Raises:
        RunFault: the account cannot be read to its end, or the file cannot be written.
    """
    look.read_list()
    look.ask_for_missing()
    if embeds:
        player = embedding.options.player_key
        with EmbedPages(embedding.base, look.stop) as pages:
            look.ask_for_pages(pages, lambda key: embed_url(embedding.base, key, player))
    result = VerificationResult(listing.count(), look.pager.total, look.pager.end)
    with csv_file(path, COLUMNS, _HINT) as write:
        for line in _lines(result, listing, store.reader.records(), embedding):
            write(line)
    return result


def _lines(
    result: VerificationResult,
    listing: AccountListing,
    records: Iterable[Record],
    embedding: Embedding,
) -> Iterator[Sequence[str]]:
    """The rows in the manifest's order, and after them what the account has besides."""
    for record in records:
        found = listing.media_of(record.reference_id, record.media_id, record.key)
        finding = judged(record, found, listing.page_fault(record.key))
        result.add(record, finding)
        yield line_of(record, finding, embedding.url(record))
    for media in listing.unmatched_media():
        result.others += 1
        yield line_of_other(media)
