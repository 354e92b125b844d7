"""Verification: reads the account, compares each row, and writes `verify.csv`.

The job database is only read.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from batch_import.models import ResultRow
from batch_import.reports.table import Embedding
from batch_import.reports.writers.csv_writer import csv_file
from batch_import.state.listing import AccountListing
from batch_import.state.store import Store
from batch_import.verification.account_reader import AccountReader
from batch_import.verification.verdict import (
    FAULT_VERDICTS,
    VERIFY_COLUMNS,
    Finding,
    Verdict,
    find_verdict,
    other_media_line,
    row_line,
)
from batch_import.viostream.embed import embed_url
from batch_import.viostream.embed_page import EmbedPages
from batch_import.viostream.media_list_pager import ListEnd

_WRITE_HINT: Final = (
    "Fix that (is the file open in another program?), then run the same command again."
)
#: Maximum number of rows kept per verdict, for the terminal.
_MAX_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class VerdictExample:
    """One row of a verdict. `reference_id` and `detail` may be empty."""

    line: int
    reference_id: str
    detail: str


@dataclass(slots=True)
class VerdictGroup:
    """All rows with one verdict.

    Attributes:
        verdict: the verdict.
        count: number of rows.
        notable_count: number of the rows that a person should see: all if the verdict is a fault,
            otherwise those with a detail.
        examples: the first few of these rows.
    """

    verdict: Verdict
    count: int = 0
    notable_count: int = 0
    examples: list[VerdictExample] = field(default_factory=list)


@dataclass(slots=True)
class VerificationResult:
    """The result of a verification, in numbers.

    Attributes:
        listed: number of media of the account that were read.
        reported_total: number of media that the list reports; None if it reports none.
        end: how reading the list ended.
        others: number of media that belong to no row.
        embed_pages: number of embed pages that were requested; None if that was not asked for.
        failed_pages: number of these that cannot be loaded.
    """

    listed: int
    reported_total: int | None
    end: ListEnd | None = None
    others: int = 0
    embed_pages: int | None = None
    failed_pages: int = 0
    _groups: dict[Verdict, VerdictGroup] = field(default_factory=dict)

    @property
    def groups(self) -> list[VerdictGroup]:
        """The verdicts that occur, the most serious first."""
        return [self._groups[verdict] for verdict in Verdict if verdict in self._groups]

    @property
    def rows(self) -> int:
        """Number of rows of the job."""
        return sum(group.count for group in self._groups.values())

    @property
    def holds(self) -> bool:
        """Whether every row is as expected."""
        return FAULT_VERDICTS.isdisjoint(self._groups)

    @property
    def list_fault(self) -> str:
        """Why the account's list could not be read to its end; empty if it was."""
        return "" if self.end in (None, ListEnd.COMPLETE) else self.end.value

    def add(self, record: ResultRow, finding: Finding) -> None:
        """Count a row."""
        group = self._groups.setdefault(finding.verdict, VerdictGroup(finding.verdict))
        group.count += 1
        if finding.verdict not in FAULT_VERDICTS and not finding.detail:
            return
        group.notable_count += 1
        if len(group.examples) < _MAX_EXAMPLES:
            example = VerdictExample(record.line, record.reference_id, finding.detail)
            group.examples.append(example)


def compare_job(
    store: Store,
    look: AccountReader,
    listing: AccountListing,
    embedding: Embedding,
    path: Path,
    *,
    embeds: bool,
) -> VerificationResult:
    """Compare every row with the account, and write the result.

    Args:
        store: the job database.
        look: reads the account.
        listing: stores the media that `look` reads.
        embedding: makes the URLs of embed pages.
        path: path of the file to write.
        embeds: whether to request the embed pages, too.

    Raises:
        RunFault: the account cannot be read to its end, or the file cannot be written.
    """
    look.read_list()
    look.ask_for_missing()
    page_count = None
    if embeds:
        player_key = embedding.options.player_key
        with EmbedPages(embedding.base_url, look.stop) as pages:
            page_count = look.ask_for_pages(
                pages, lambda key: embed_url(embedding.base_url, key, player_key)
            )
    result = VerificationResult(
        listing.count(), look.pager.total, look.pager.end, embed_pages=page_count
    )
    with csv_file(path, VERIFY_COLUMNS, _WRITE_HINT) as write_line:
        for line in _lines(result, listing, store.reader.records(), embedding):
            write_line(line)
    return result


def _lines(
    result: VerificationResult,
    listing: AccountListing,
    records: Iterable[ResultRow],
    embedding: Embedding,
) -> Iterator[Sequence[str]]:
    """Yields the lines of rows in the order of the manifest, then the lines of the other media."""
    for record in records:
        found = listing.media_of(record.reference_id, record.media_id, record.key)
        page_fault = listing.page_fault(record.key)
        finding = find_verdict(record, found, page_fault)
        result.add(record, finding)
        result.failed_pages += bool(page_fault)
        yield row_line(record, finding, embedding.url(record))
    for media in listing.unmatched_media():
        result.others += 1
        yield other_media_line(media)
