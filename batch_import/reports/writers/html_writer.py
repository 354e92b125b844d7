"""The results as one page that needs no network to be read: counts, causes, and a gallery.

The page's own parts are page.html, page.css and page.js beside this file. Values reach it as
escaped text or as JSON that cannot end its element, and a policy inside the page lets it load
nothing but the player's frames and the thumbnails. This file must not know what a status means.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from html import escape
from importlib.resources import files
from itertools import accumulate, islice, repeat
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, Template
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from batch_import.addresses.masking import mask_all
from batch_import.files import replace_text_file
from batch_import.models import ResultRow, Status
from batch_import.reports import HINT
from batch_import.reports.labels import STATUSES, seconds
from batch_import.reports.summary import About, Cause, Summary, cause_of
from batch_import.reports.table import Table, in_batches, notes

#: Causes that are listed; the workbook has all.
_CAUSES: Final = 12
#: Hosts that thumbnails may come from; more would be a strange account.
_HOSTS: Final = 20
#: Kinds of embed code that are listed once; codes with titles are all of their own kind.
_CODES: Final = 50
#: The manifest's own columns that the page has, at most.
_MOST_COLUMNS: Final = 40
#: Rows that a browser still handles well; the others are counted.
MOST_ROWS: Final = 100_000
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.\-]+(?::[0-9]+)?(?=/|\Z)")
_ORDER: Final = {status: place for place, status in enumerate(STATUSES)}


def write_html(
    path: Path,
    table: Table,
    records: Iterable[ResultRow],
    about: About,
    summary: Summary | None = None,
) -> None:
    """Write the page, in place of what was there.

    Args:
        summary: of all records, where it is known already; then those beyond what the page holds
            are not even looked at.

    Raises:
        StateError: it cannot be written; what was there before is untouched.
    """
    page, style, script = _parts()
    counted = Summary() if summary is None else summary
    counting = summary is None
    passing = counted.watch(records) if counting else records
    data = _Data(table, passing, style, script, counting=counting)
    view = _View(counted, about, data)
    with replace_text_file(path, HINT) as file:
        file.writelines(page.generate(data=data, view=view, style=style, script=script))


@cache
def _parts() -> tuple[Template, Markup, Markup]:
    folder = files(__package__)
    page, style, script = (
        Markup(folder.joinpath(name).read_text(encoding="utf-8"))  # noqa: S704 - our own files
        for name in ("page.html", "page.css", "page.js")
    )
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = "{:,}".format
    environment.filters["moment"] = _moment
    return environment.from_string(page), style, script


class _Data:
    """The rows as JSON, in pieces, and what was seen on the way."""

    def __init__(
        self, table: Table, records: Iterable[ResultRow], style: str, script: str, *, counting: bool
    ) -> None:
        self._counting = counting
        self._embedding = table.embedding
        self._columns = list(table.manifest_columns[:_MOST_COLUMNS])
        if table.group and table.group not in self._columns:
            self._columns.append(table.group)
        self._group = self._columns.index(table.group) if table.group else None
        self._records = iter(records)
        self._listed = 0
        self._sources = [_source(style), _source(script)]
        self._codes: dict[tuple[str, str], int] = {}
        self._origins: set[str] = set()
        self._causes: dict[Cause, int] = {}

    def chunks(self) -> Iterator[Markup]:
        """The rows; page.js knows the order of their parts."""
        between = Markup()
        for some in in_batches(islice(self._records, MOST_ROWS)):
            yield between + _inside(self._rows(some))
            between = Markup(",")
            self._listed += len(some)
        if self._counting:
            for _ in self._records:
                pass

    def left_out(self, total: int) -> int:
        """How many rows are not listed, of so many."""
        return total - self._listed

    def rest(self) -> Markup:
        """What the rows refer to."""
        statuses = [{"name": str(s), "label": words.label} for s, words in STATUSES.items()]
        columns = [column.heading for column in self._columns]
        return _inside(
            {
                "codes": list(self._codes),
                "statuses": statuses,
                "columns": columns,
                "group": self._group,
            }
        )

    def policy(self) -> str:
        """What the page may load (Content-Security-Policy)."""
        style, script = self._sources
        player = _ORIGIN.match(self._embedding.base)
        frames = player.group() if player else "'none'"
        images = " ".join(["data:", *sorted(self._origins)])
        return (
            f"default-src 'none'; style-src {style}; script-src {script}; img-src {images};"
            f" frame-src {frames}; base-uri 'none'; form-action 'none'"
        )

    def number_of(self, cause: Cause) -> int:
        """By which number the rows call their cause."""
        return self._causes.setdefault(cause, len(self._causes))

    def _rows(self, records: Sequence[ResultRow]) -> list[tuple[Any, ...]]:
        """Their parts, made part by part."""
        embedding = self._embedding
        urls = [embedding.url(record) for record in records]
        columns = (
            [record.line for record in records],
            [_ORDER[record.status] for record in records],
            [record.reference_id for record in records],
            mask_all([record.title or record.filename for record in records]),
            [seconds(record.duration) if record.duration else None for record in records],
            [self._thumbnail(record.thumbnail) for record in records],
            urls,
            map(self._code, map(embedding.code, records), urls),
            mask_all([record.source_url for record in records]),
            notes(records),
            [record.created_date for record in records],
            map(self._cause, records),
            map(embedding.share, records),
            zip(*(column.cells(records) for column in self._columns), strict=True)
            if self._columns
            else repeat((), len(records)),
        )
        return list(zip(*columns, strict=True))

    def _cause(self, record: ResultRow) -> int | None:
        found = cause_of(record)
        return self.number_of(found) if found else None

    def _thumbnail(self, url: str) -> str:
        """Its URL, if the page is to load it."""
        found = _ORIGIN.match(url)
        if not found or (len(self._origins) >= _HOSTS and found.group() not in self._origins):
            return ""
        self._origins.add(found.group())
        return url

    def _code(self, code: str, url: str) -> str | int:
        """The embed code; or its kind, which with the row's URL in its place gives the code."""
        if not url or url not in code or escape(url) != url:
            return code
        before, _, after = code.partition(url)
        kind = (before, after)
        if kind not in self._codes and len(self._codes) >= _CODES:
            return code
        return self._codes.setdefault(kind, len(self._codes))


class _View:
    """What the page shows above the gallery; asked for when all rows have passed by."""

    def __init__(self, summary: Summary, about: About, data: _Data) -> None:
        self.summary = summary
        self.about = about
        self._data = data

    def online(self) -> int:
        """How many videos can be embedded."""
        return self.summary.counts[Status.IMPORTED]

    def bar(self) -> list[dict[str, Any]]:
        """The statuses that there are, as parts of a hundred."""
        counts = self.summary.counts
        present = [(status, words) for status, words in STATUSES.items() if counts[status]]
        shares = [100 * counts[status] / self.summary.total for status, _ in present]
        starts = accumulate(shares, initial=0.0)
        return [
            {
                "status": str(status), "label": words.label, "meaning": words.meaning,
                "count": counts[status], "x": f"{start:.3f}", "width": f"{share:.3f}",
            }
            for (status, words), start, share in zip(present, starts, shares, strict=False)
        ]  # fmt: skip

    def causes(self) -> list[dict[str, Any]]:
        """The causes of most trouble, with the numbers by which the rows call them."""
        return [
            {"reason": c.reason, "host": c.host, "count": n, "number": self._data.number_of(c)}
            for c, n in self.summary.worst()[:_CAUSES]
        ]

    def more_causes(self) -> int:
        """How many causes there are beyond these."""
        return max(0, len(self.summary.causes) - _CAUSES)

    def chart(self) -> dict[str, Any] | None:
        """Rows sent and imported over time, as curves in a box of 100 by 100."""
        timeline = self.about.timeline
        if not timeline:
            return None
        top = max(sum(timeline.sent), sum(timeline.imported))
        return {
            "start": timeline.start,
            "end": timeline.start + timeline.step * len(timeline.sent),
            "sent": _curve(timeline.sent, top), "sent_rows": sum(timeline.sent),
            "imported": _curve(timeline.imported, top), "imported_rows": sum(timeline.imported),
        }  # fmt: skip


def _curve(counts: Sequence[int], top: int) -> str:
    """The running total as an SVG path."""
    totals = accumulate(counts, initial=0)
    points = [(100 * at / len(counts), 100 - 100 * n / top) for at, n in enumerate(totals)]
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points)


def _inside(value: Sequence[Any] | dict[str, Any]) -> Markup:
    """JSON without its outer brackets, which cannot end the element that it stands in."""
    text = htmlsafe_json_dumps(value, json.dumps, ensure_ascii=False, separators=(",", ":"))
    return text[1:-1]


def _source(text: str) -> str:
    """How a policy names an element of the page itself."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _iso(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _moment(moment: float) -> Markup:
    """A moment as an element that page.js turns into the reader's own time."""
    words = f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M} UTC"
    return Markup('<time datetime="{}">{}</time>').format(_iso(moment), words)
