"""Write the results as one HTML page: counts, causes of failures, and a gallery.

The page can be read without network. Its parts are page.html, page.css and page.js beside this
file. Values are inserted as escaped text, or as JSON that cannot end its element. A content
security policy in the page allows only the player's frames and the thumbnails to be loaded. This
module must not know what a status means.
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
from batch_import.reports import WRITE_HINT
from batch_import.reports.labels import STATUSES, parse_duration
from batch_import.reports.summary import Cause, ReportInfo, Summary, cause_of
from batch_import.reports.table import Table, in_batches, problem_texts

#: Maximum number of causes that are listed. The workbook has all.
_MAX_CAUSES: Final = 12
#: Maximum number of hosts that thumbnails may be loaded from. Normally there are only a few.
_MAX_THUMBNAIL_HOSTS: Final = 20
#: Maximum number of embed codes that are stored once, without the URL. Codes with titles all
#: differ.
_MAX_CODE_TEMPLATES: Final = 50
#: Maximum number of the manifest's columns in the page.
_MAX_COLUMNS: Final = 40
#: Maximum number of rows that a browser handles well. Further rows are only counted.
MAX_ROWS: Final = 100_000
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.\-]+(?::[0-9]+)?(?=/|\Z)")
_STATUS_INDEX: Final = {status: place for place, status in enumerate(STATUSES)}


def write_html(
    path: Path,
    table: Table,
    records: Iterable[ResultRow],
    about: ReportInfo,
    summary: Summary | None = None,
) -> None:
    """Write the page, and replace the existing file.

    Args:
        summary: counts of all records, if known. Then records that are not in the page are not
            read.

    Raises:
        StateError: the page cannot be written. An existing file is unchanged.
    """
    page, style, script = _parts()
    counted = Summary() if summary is None else summary
    counting = summary is None
    passing = counted.count(records) if counting else records
    data = _Data(table, passing, style, script, counting=counting)
    view = _View(counted, about, data)
    with replace_text_file(path, WRITE_HINT) as file:
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
    environment.filters["moment"] = _time_element
    return environment.from_string(page), style, script


class _Data:
    """The rows as JSON, in parts, and the values that the rows refer to."""

    def __init__(
        self, table: Table, records: Iterable[ResultRow], style: str, script: str, *, counting: bool
    ) -> None:
        self._counting = counting
        self._embedding = table.embedding
        self._columns = list(table.manifest_columns[:_MAX_COLUMNS])
        if table.group and table.group not in self._columns:
            self._columns.append(table.group)
        self._group = self._columns.index(table.group) if table.group else None
        self._records = iter(records)
        self._listed = 0
        self._sources = [_policy_hash(style), _policy_hash(script)]
        self._codes: dict[tuple[str, str], int] = {}
        self._origins: set[str] = set()
        self._causes: dict[Cause, int] = {}

    def chunks(self) -> Iterator[Markup]:
        """Yields the rows as JSON arrays; page.js knows the order of their items."""
        between = Markup()
        for some in in_batches(islice(self._records, MAX_ROWS)):
            yield between + _json_content(self._rows(some))
            between = Markup(",")
            self._listed += len(some)
        if self._counting:
            for _ in self._records:
                pass

    def left_out(self, total: int) -> int:
        """Returns how many of `total` rows are not listed."""
        return total - self._listed

    def rest(self) -> Markup:
        """Returns the values that the rows refer to, as JSON."""
        statuses = [{"name": str(s), "label": words.label} for s, words in STATUSES.items()]
        columns = [column.heading for column in self._columns]
        return _json_content(
            {
                "codes": list(self._codes),
                "statuses": statuses,
                "columns": columns,
                "group": self._group,
            }
        )

    def policy(self) -> str:
        """Returns the content security policy of the page."""
        style, script = self._sources
        player = _ORIGIN.match(self._embedding.base_url)
        frames = player.group() if player else "'none'"
        images = " ".join(["data:", *sorted(self._origins)])
        return (
            f"default-src 'none'; style-src {style}; script-src {script}; img-src {images};"
            f" frame-src {frames}; base-uri 'none'; form-action 'none'"
        )

    def number_of(self, cause: Cause) -> int:
        """Returns the number by which the rows refer to a cause."""
        return self._causes.setdefault(cause, len(self._causes))

    def _rows(self, records: Sequence[ResultRow]) -> list[tuple[Any, ...]]:
        """Returns the items of the rows, created item by item for all rows."""
        embedding = self._embedding
        urls = [embedding.url(record) for record in records]
        columns = (
            [record.line for record in records],
            [_STATUS_INDEX[record.status] for record in records],
            [record.reference_id for record in records],
            mask_all([record.title or record.filename for record in records]),
            [parse_duration(record.duration) if record.duration else None for record in records],
            [self._thumbnail(record.thumbnail) for record in records],
            urls,
            map(self._code, map(embedding.code, records), urls),
            mask_all([record.source_url for record in records]),
            problem_texts(records),
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
        """Returns the URL of a thumbnail; empty if the page must not load it."""
        found = _ORIGIN.match(url)
        if not found or (
            len(self._origins) >= _MAX_THUMBNAIL_HOSTS and found.group() not in self._origins
        ):
            return ""
        self._origins.add(found.group())
        return url

    def _code(self, code: str, url: str) -> str | int:
        """Returns the embed code, or the number of a template that gives it with the row's URL."""
        if not url or url not in code or escape(url) != url:
            return code
        before, _, after = code.partition(url)
        kind = (before, after)
        if kind not in self._codes and len(self._codes) >= _MAX_CODE_TEMPLATES:
            return code
        return self._codes.setdefault(kind, len(self._codes))


class _View:
    """What the page shows above the gallery. It is used after all rows were read."""

    def __init__(self, summary: Summary, about: ReportInfo, data: _Data) -> None:
        self.summary = summary
        self.about = about
        self._data = data

    def online(self) -> int:
        """Returns the number of videos that can be embedded."""
        return self.summary.counts[Status.IMPORTED]

    def bar(self) -> list[dict[str, Any]]:
        """Returns the statuses with their share in per cent."""
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
        """Returns the most frequent causes, with the numbers by which the rows refer to them."""
        return [
            {"reason": c.reason, "host": c.host, "count": n, "number": self._data.number_of(c)}
            for c, n in self.summary.most_frequent()[:_MAX_CAUSES]
        ]

    def more_causes(self) -> int:
        """Returns the number of causes that are not listed."""
        return max(0, len(self.summary.causes) - _MAX_CAUSES)

    def chart(self) -> dict[str, Any] | None:
        """Returns rows sent and imported over time as curves in a square of 100 by 100."""
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
    """Returns the running total as an SVG path."""
    totals = accumulate(counts, initial=0)
    points = [(100 * at / len(counts), 100 - 100 * n / top) for at, n in enumerate(totals)]
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points)


def _json_content(value: Sequence[Any] | dict[str, Any]) -> Markup:
    """Returns JSON without its outer brackets, escaped so that it cannot end its element."""
    text = htmlsafe_json_dumps(value, json.dumps, ensure_ascii=False, separators=(",", ":"))
    return text[1:-1]


def _policy_hash(text: str) -> str:
    """Returns how the policy identifies an element of the page."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _iso(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _time_element(moment: float) -> Markup:
    """Returns a time as an element that page.js converts to the reader's time zone."""
    words = f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M} UTC"
    return Markup('<time datetime="{}">{}</time>').format(_iso(moment), words)
