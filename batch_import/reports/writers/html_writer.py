"""Writes `results.html`: one page with counts, causes of failures, and a gallery of the videos.

The page contains everything that it needs, and can be read without a network. Its template is
`page.html`, its style `page.css` and its script `page.js`. The rows are JSON in the page. Values
are inserted as escaped text, or as JSON that cannot contain `</script>`. A content security policy
(CSP) allows the browser to load only the frames of the player, and thumbnails. This module must not
know what a status means.
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

#: Maximum number of causes that are listed. The workbook lists all causes.
_MAX_CAUSES: Final = 12
#: Maximum number of origins from which thumbnails may be loaded. Normally there are only a few. It
#: limits the length of the content security policy.
_MAX_THUMBNAIL_ORIGINS: Final = 20
#: Maximum number of code templates. A code template is an embed code without its URL. The page
#: stores a template once, for all rows that use it. If the embed codes contain titles, nearly every
#: row has a template of its own; then most rows store their whole embed code.
_MAX_CODE_TEMPLATES: Final = 50
#: Maximum number of columns of the manifest in the page, because each adds to its size.
_MAX_COLUMNS: Final = 40
#: Maximum number of rows in the page, because a browser cannot handle more well. Further rows are
#: only counted.
MAX_ROWS: Final = 100_000
#: Scheme, host and port of a URL.
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.\-]+(?::[0-9]+)?(?=/|\Z)")
_STATUS_INDEX: Final = {status: index for index, status in enumerate(STATUSES)}


def write_html(
    path: Path,
    table: Table,
    rows: Iterable[ResultRow],
    about: ReportInfo,
    summary: Summary | None = None,
) -> None:
    """Write the page, and replace the existing file.

    Args:
        path: path of the page.
        table: the columns of the results.
        rows: the rows of the job, with the status to show (`shown_status.py`), which can differ
            from the status in the job database.
        about: general information about the report.
        summary: counts of all rows, so that only the rows in the page are read; None to count the
            rows here.

    Raises:
        StateError: the page cannot be written. An existing file is unchanged.
    """
    template, style, script = _page_parts()
    must_count = summary is None
    if summary is None:
        summary = Summary()
        rows = summary.count(rows)  # yields the same rows, and counts each of them
    data = _PageData(table, rows, style, script, reads_all_rows=must_count)
    view = _PageHead(summary, about, data)
    with replace_text_file(path, WRITE_HINT) as file:
        file.writelines(template.generate(data=data, view=view, style=style, script=script))


@cache
def _page_parts() -> tuple[Template, Markup, Markup]:
    """Returns the template, the style and the script of the page."""
    folder = files(__package__)
    page, style, script = (
        Markup(folder.joinpath(name).read_text(encoding="utf-8"))  # noqa: S704 - our own files
        for name in ("page.html", "page.css", "page.js")
    )
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = "{:,}".format
    environment.filters["time"] = _time_element
    return environment.from_string(page), style, script


class _PageData:
    """The data of the page: the rows as JSON, and the values to which the rows refer by number.

    The template must use `chunks` first. The other methods depend on the rows that were read.

    Args:
        table: the columns of the results.
        rows: the rows of the job.
        style: the style of the page.
        script: the script of the page.
        reads_all_rows: whether rows that are not in the page are also read, so that they are
            counted.
    """

    def __init__(
        self,
        table: Table,
        rows: Iterable[ResultRow],
        style: str,
        script: str,
        *,
        reads_all_rows: bool,
    ) -> None:
        self._reads_all_rows = reads_all_rows
        self._embedding = table.embedding
        self._columns = list(table.manifest_columns[:_MAX_COLUMNS])
        if table.group and table.group not in self._columns:
            self._columns.append(table.group)
        self._group_index = self._columns.index(table.group) if table.group else None
        self._rows = iter(rows)
        self._listed_count = 0
        self._style_hash, self._script_hash = _policy_hash(style), _policy_hash(script)
        #: Code template (texts before and after the URL) → its number.
        self._code_templates: dict[tuple[str, str], int] = {}
        self._thumbnail_origins: set[str] = set()
        self._cause_numbers: dict[Cause, int] = {}

    def chunks(self) -> Iterator[Markup]:
        """Yields the rows as JSON arrays, separated by commas. `page.js` names their items."""
        separator = Markup()
        for batch in in_batches(islice(self._rows, MAX_ROWS)):
            yield separator + _json_content(self._row_items(batch))
            separator = Markup(",")
            self._listed_count += len(batch)
        if self._reads_all_rows:
            for _ in self._rows:
                pass  # the iterator counts each row

    def left_out(self, total_count: int) -> int:
        """Returns how many of all rows are not in the page."""
        return total_count - self._listed_count

    def rest(self) -> Markup:
        """Returns the values to which the rows refer by number, as members of a JSON object."""
        statuses = [
            {"name": str(status), "label": texts.label} for status, texts in STATUSES.items()
        ]
        columns = [column.heading for column in self._columns]
        return _json_content(
            {
                "codes": list(self._code_templates),
                "statuses": statuses,
                "columns": columns,
                "group": self._group_index,
            }
        )

    def policy(self) -> str:
        """Returns the content security policy of the page."""
        player_origin = _ORIGIN.match(self._embedding.base_url)
        frames = player_origin.group() if player_origin else "'none'"
        images = " ".join(["data:", *sorted(self._thumbnail_origins)])
        return (
            f"default-src 'none'; style-src {self._style_hash}; script-src {self._script_hash};"
            f" img-src {images}; frame-src {frames}; base-uri 'none'; form-action 'none'"
        )

    def cause_number(self, cause: Cause) -> int:
        """Returns the number by which rows refer to a cause."""
        return self._cause_numbers.setdefault(cause, len(self._cause_numbers))

    def _row_items(self, rows: Sequence[ResultRow]) -> list[tuple[Any, ...]]:
        """Returns the items of each row, in the order of `page.js`. They are created by column."""
        embedding = self._embedding
        urls = [embedding.url(row) for row in rows]
        manifest_cells: Iterable[tuple[str, ...]] = repeat((), len(rows))
        if self._columns:
            manifest_cells = zip(*(column.cells(rows) for column in self._columns), strict=True)
        item_columns = (
            [row.line for row in rows],
            [_STATUS_INDEX[row.status] for row in rows],
            [row.reference_id for row in rows],
            mask_all([row.title or row.filename for row in rows]),
            [parse_duration(row.duration) if row.duration else None for row in rows],
            [self._thumbnail_url(row.thumbnail) for row in rows],
            urls,
            map(self._code_item, map(embedding.code, rows), urls),
            mask_all([row.source_url for row in rows]),
            problem_texts(rows),
            [row.created_date for row in rows],
            map(self._cause_item, rows),
            map(embedding.share, rows),
            manifest_cells,
        )
        return list(zip(*item_columns, strict=True))

    def _cause_item(self, row: ResultRow) -> int | None:
        cause = cause_of(row)
        return self.cause_number(cause) if cause else None

    def _thumbnail_url(self, url: str) -> str:
        """Returns the URL of a thumbnail; empty if the page may not load it."""
        match = _ORIGIN.match(url)
        if not match:
            return ""
        origin = match.group()
        if (
            origin not in self._thumbnail_origins
            and len(self._thumbnail_origins) >= _MAX_THUMBNAIL_ORIGINS
        ):
            return ""
        self._thumbnail_origins.add(origin)
        return url

    def _code_item(self, code: str, url: str) -> str | int:
        """Returns the number of the code template for an embed code, or else the embed code.

        Args:
            code: the embed code.
            url: URL of the embed page, which the embed code contains.
        """
        # `page.js` inserts the URL into the template without escaping it. Therefore a code whose
        # URL must be escaped is stored whole.
        if not url or url not in code or escape(url) != url:
            return code
        before, _, after = code.partition(url)
        template = (before, after)
        is_new = template not in self._code_templates
        if is_new and len(self._code_templates) >= _MAX_CODE_TEMPLATES:
            return code
        return self._code_templates.setdefault(template, len(self._code_templates))


class _PageHead:
    """The values that the page shows above the gallery. They are valid after all rows were read."""

    def __init__(self, summary: Summary, about: ReportInfo, data: _PageData) -> None:
        self.summary = summary
        self.about = about
        self._data = data

    def online(self) -> int:
        """Returns the number of videos that are online."""
        return self.summary.counts[Status.IMPORTED]

    def bar(self) -> list[dict[str, Any]]:
        """Returns the statuses that occur, each with its part of the bar, in per cent."""
        counts = self.summary.counts
        parts = []
        start = 0.0
        for status, texts in STATUSES.items():
            if not counts[status]:
                continue
            width = 100 * counts[status] / self.summary.total
            parts.append({
                "status": str(status), "label": texts.label, "meaning": texts.meaning,
                "count": counts[status], "x": f"{start:.3f}", "width": f"{width:.3f}",
            })  # fmt: skip
            start += width
        return parts

    def causes(self) -> list[dict[str, Any]]:
        """Returns the most frequent causes, with the numbers by which rows refer to them."""
        return [
            {
                "reason": cause.reason,
                "host": cause.host,
                "count": row_count,
                "number": self._data.cause_number(cause),
            }
            for cause, row_count in self.summary.most_frequent()[:_MAX_CAUSES]
        ]

    def more_causes(self) -> int:
        """Returns the number of causes that are not listed."""
        return max(0, len(self.summary.causes) - _MAX_CAUSES)

    def chart(self) -> dict[str, Any] | None:
        """Returns the chart of sent and imported rows over time; None without a timeline.

        The curves are paths in an SVG square of 100 by 100.
        """
        timeline = self.about.timeline
        if not timeline:
            return None
        max_total = max(sum(timeline.sent), sum(timeline.imported))
        return {
            "start": timeline.start,
            "end": timeline.start + timeline.step * len(timeline.sent),
            "sent": _curve(timeline.sent, max_total),
            "sent_rows": sum(timeline.sent),
            "imported": _curve(timeline.imported, max_total),
            "imported_rows": sum(timeline.imported),
        }


def _curve(counts: Sequence[int], max_total: int) -> str:
    """Returns the running total of counts as an SVG path.

    Args:
        counts: counts per interval.
        max_total: the total at the upper edge of the chart.
    """
    points = []
    for index, total in enumerate(accumulate(counts, initial=0)):
        x, y = 100 * index / len(counts), 100 - 100 * total / max_total
        points.append(f"{x:.2f} {y:.2f}")
    return "M" + "L".join(points)


def _json_content(value: Sequence[Any] | dict[str, Any]) -> Markup:
    """Returns JSON without its outer brackets, escaped for an HTML element."""
    text = htmlsafe_json_dumps(value, json.dumps, ensure_ascii=False, separators=(",", ":"))
    return text[1:-1]


def _policy_hash(text: str) -> str:
    """Returns the hash by which the content security policy identifies a style or script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _time_element(epoch_seconds: float) -> Markup:
    """Returns a `time` element. `page.js` converts it to the time zone of the reader."""
    date = datetime.fromtimestamp(epoch_seconds, UTC)
    iso_text, text = f"{date:%Y-%m-%dT%H:%M:%SZ}", f"{date:%Y-%m-%d %H:%M} UTC"
    return Markup('<time datetime="{}">{}</time>').format(iso_text, text)
