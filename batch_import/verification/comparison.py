"""Reads the account, compares each row of a job with its media, and writes `verify.csv`.

The job database is not changed.
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
#: Maximum number of rows per verdict that are stored as examples for the terminal.
_MAX_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class VerdictExample:
    """One row with a verdict, as an example.

    Attributes:
        line: line number of the row in the manifest.
        reference_id: reference ID of the row; may be empty.
        detail: text for the user; may be empty.
    """

    line: int
    reference_id: str
    detail: str


@dataclass(slots=True)
class VerdictGroup:
    """All rows with one verdict.

    A row is *notable* if a person should see it: if the verdict is a fault, or if it has a detail.

    Attributes:
        verdict: the verdict.
        count: number of rows.
        notable_count: number of notable rows.
        examples: the first few notable rows.
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
        reported_total: number of media in the account according to the platform; None if the
            platform does not report it.
        end: whether the whole list was read; otherwise, why not.
        others: number of media of the account that belong to no row of the job.
        embed_pages: number of embed pages that were requested; None if the user did not want this.
        failed_pages: number of requested embed pages that cannot be loaded.
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
        """Number of rows of the job that were compared."""
        return sum(group.count for group in self._groups.values())

    @property
    def holds(self) -> bool:
        """Whether no row has a verdict that is a fault."""
        return FAULT_VERDICTS.isdisjoint(self._groups)

    @property
    def list_fault(self) -> str:
        """Why the list of the account could not be read completely; empty if it was."""
        return "" if self.end in (None, ListEnd.COMPLETE) else self.end.value

    def add(self, row: ResultRow, finding: Finding) -> None:
        """Count a row with its finding."""
        group = self._groups.setdefault(finding.verdict, VerdictGroup(finding.verdict))
        group.count += 1
        if finding.verdict not in FAULT_VERDICTS and not finding.detail:
            return
        group.notable_count += 1
        if len(group.examples) < _MAX_EXAMPLES:
            example = VerdictExample(row.line, row.reference_id, finding.detail)
            group.examples.append(example)


def compare_job(
    store: Store,
    account: AccountReader,
    listing: AccountListing,
    embedding: Embedding,
    path: Path,
    *,
    embeds: bool,
) -> VerificationResult:
    """Compare every row with the account, and write `verify.csv`.

    Args:
        store: the job database.
        account: reads the account.
        listing: the table in which `account` stores the media that it reads.
        embedding: creates the URLs of embed pages.
        path: path of the file to write.
        embeds: whether to request the embed pages, too.

    Raises:
        RunFault: the account cannot be read to its end, or the file cannot be written.
    """
    account.read_list()
    account.look_up_missing()
    page_count = None
    if embeds:
        player_key = embedding.options.player_key
        with EmbedPages(embedding.base_url, account.stop) as pages:
            page_count = account.open_embed_pages(
                pages, lambda key: embed_url(embedding.base_url, key, player_key)
            )
    result = VerificationResult(
        listing.count(), account.pager.total, account.pager.end, embed_pages=page_count
    )
    with csv_file(path, VERIFY_COLUMNS, _WRITE_HINT) as write_line:
        for line in _lines(result, listing, store.reader.records(), embedding):
            write_line(line)
    return result


def _lines(
    result: VerificationResult,
    listing: AccountListing,
    rows: Iterable[ResultRow],
    embedding: Embedding,
) -> Iterator[Sequence[str]]:
    """Yields the lines of `verify.csv`, and counts the findings in `result`.

    The lines of the rows come first, in the order of the manifest; then the lines of the media that
    belong to no row.
    """
    for row in rows:
        media_of_row = listing.media_of(row.reference_id, row.media_id, row.key)
        page_fault = listing.page_fault(row.key)
        finding = find_verdict(row, media_of_row, page_fault)
        result.add(row, finding)
        if page_fault:
            result.failed_pages += 1
        yield row_line(row, finding, embedding.url(row))
    for media in listing.unmatched_media():
        result.others += 1
        yield other_media_line(media)
