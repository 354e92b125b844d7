"""The results page: every value is text, and only the player and thumbnails are loaded."""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from batch_import.configuration.result_options import ResultOptions
from batch_import.errors import StateError
from batch_import.models import ManifestColumns, ResultRow, Status
from batch_import.reports import table
from batch_import.reports.summary import ReportInfo
from batch_import.reports.table import Embedding, results_table
from batch_import.reports.writers import html_writer
from batch_import.reports.writers.html_writer import write_html
from batch_import.state.timeline import Timeline

DATA = Path(__file__).parents[2] / "data"
ABOUT = ReportInfo("library.csv", 1_767_225_600.0, Timeline(1_767_222_000.0, 60.0, (3, 1), (0, 2)))
Make = Callable[..., ResultRow]


class Page(HTMLParser):
    """A page, parsed as by a browser."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.inside: dict[str, str] = {}
        self.words: list[str] = []
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self._open = dict(attrs).get("type") or tag if tag in ("script", "style") else ""

    def handle_data(self, data: str) -> None:
        if self._open:
            self.inside[self._open] = self.inside.get(self._open, "") + data
        elif data.strip():
            self.words.append(data.strip())

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the base class's name
        self._open = ""

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self.inside["application/json"])
        return data

    @property
    def policy(self) -> dict[str, list[str]]:
        (text,) = (a["content"] for t, a in self.tags if a.get("http-equiv"))
        parts = [part.split() for part in text.split(";")]
        return {name: values for name, *values in parts}


def page_of(
    folder: Path, records: Sequence[ResultRow], about: ReportInfo = ABOUT, **options: object
) -> Page:
    embedding = Embedding(options=ResultOptions(**options))  # type: ignore[arg-type]
    columns = ManifestColumns(("sourceUrl", "title", "status", "team"), (0, 1, None, None))
    table = results_table(columns, (), embedding)
    write_html(folder / "r.html", table, records, about)
    return Page((folder / "r.html").read_text(encoding="utf-8"))


def test_the_content_security_policy_allows_only_the_player_and_thumbnails(
    tmp_path: Path, record: Make
) -> None:
    thumbnails = [
        "https://t.example.com/k1.jpg", "https://cdn.example.com:8443/a/b.jpg", "",
        "javascript:alert(1)", "https://evil.example.com; script-src *//x.jpg",
        "data:image/svg+xml,x", "//no.example.com/x.jpg",
    ]  # fmt: skip
    page = page_of(tmp_path, [record(thumbnail=url) for url in thumbnails])
    assert page.policy == {
        "default-src": ["'none'"],
        "style-src": [hash_source(page.inside["style"])],
        "script-src": [hash_source(page.inside["script"])],
        "img-src": ["data:", "https://cdn.example.com:8443", "https://t.example.com"],
        "frame-src": ["https://play.viostream.com"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    assert [row[5] for row in page.data["rows"]] == [*thumbnails[:2], "", "", "", "", ""]


def hash_source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_page_loads_nothing_from_outside(tmp_path: Path, record: Make) -> None:
    page = page_of(tmp_path, [record(), record(Status.FAILED, error="x")])
    loading = [a for _, a in page.tags if {"src", "srcset", "data", "action"} & a.keys()]
    assert loading == []
    assert {a["href"] for _, a in page.tags if "href" in a} == {"data:,", "#videos"}
    assert not any(name.startswith("on") for _, a in page.tags for name in a)
    assert "url(" not in page.inside["style"]
    assert "innerHTML" not in page.inside["script"]


AWKWARD = [
    *(text for path in sorted(DATA.glob("*.txt")) for text in path.read_text("utf-8").split("\n")),
    "</script><script>alert(1)</script>", "<!--<script>", "]]>", "{{ 7*7 }}", "\u2028\u2029",
]  # fmt: skip


def test_unusual_texts_are_shown_as_text(tmp_path: Path, record: Make) -> None:
    plain = page_of(tmp_path, [record(Status.FAILED, error="x")])
    records = [record(Status.FAILED, title=text, reference_id=text, error=text) for text in AWKWARD]
    page = page_of(tmp_path, records, ReportInfo("</title><script>alert(1)</script>", 0.0))
    assert [row[2] for row in page.data["rows"]] == AWKWARD
    # No text has become an element; there are only more buttons for causes.
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in plain.tags}
    assert [tag for tag, _ in page.tags].count("script") == 2
    assert page.inside["script"] == plain.inside["script"]


def test_secrets_are_masked(tmp_path: Path, record: Make) -> None:
    signed = "https://u:hunter2@h.example.com/v.mp4?X-Amz-Signature=hunter2"
    records = [record(source_url=signed), record(Status.FAILED, error=signed, source_url=signed)]
    assert "hunter2" not in page_of(tmp_path, records).text


@pytest.mark.parametrize(
    "options",
    [{}, {"player_key": "p&1"}, {"embed_titles": True}, {"embed": "fixed"}],
)
def test_the_page_contains_exactly_the_embed_codes(
    tmp_path: Path, record: Make, options: dict[str, object]
) -> None:
    records = [
        record(
            key=f"k{n}", title=f"Title {n} <b>", is_size_requested=True, size=(100 + n % 80, 100)
        )
        for n in range(120)
    ]
    page = page_of(tmp_path, [*records, record(Status.PENDING)], **options)
    embedding = Embedding(options=ResultOptions(**options))  # type: ignore[arg-type]
    rows, kinds = page.data["rows"], page.data["codes"]
    codes = [
        row[7] if isinstance(row[7], str) else row[6].join(kinds[row[7]]) for row in rows
    ]  # as page.js joins them
    assert codes == [*map(embedding.code, records), ""]
    assert len(kinds) <= 50


def test_the_common_text_of_embed_codes_is_stored_once(tmp_path: Path, record: Make) -> None:
    page = page_of(tmp_path, [record(key=f"k{n}") for n in range(5)])
    assert [row[7] for row in page.data["rows"]] == [0] * 5
    assert len(page.data["codes"]) == 1


def test_counts_and_causes_are_shown_without_a_script(tmp_path: Path, record: Make) -> None:
    records = [
        record(), record(), record(Status.PENDING),
        *(record(Status.FAILED, error=f"timed out after {n} s") for n in range(3)),
        record(Status.INVALID, error="the title is missing", source_url="https://other/v.mp4"),
    ]  # fmt: skip
    page = page_of(tmp_path, records)
    words = " ".join(page.words)
    assert "2 of 7 videos are online" in words
    assert "2 Imported" in words
    assert "timed out after 0 s h.example.com 3" in words
    widths = [float(a["width"]) for tag, a in page.tags if tag == "rect"]
    assert sum(widths) == pytest.approx(100, abs=0.01)
    # The buttons and the rows use the same numbers for causes.
    numbers = [int(a["data-cause"]) for _, a in page.tags if "data-cause" in a]
    causes = [row[11] for row in page.data["rows"]]
    assert causes == [None] * 3 + [numbers[0]] * 3 + [numbers[1]]


def test_the_timeline_is_a_running_total(tmp_path: Path, record: Make) -> None:
    page = page_of(tmp_path, [record()])
    curves = {a["class"]: a["d"] for tag, a in page.tags if tag == "path" and "class" in a}
    assert curves["line-sent"] == "M0.00 100.00L50.00 25.00L100.00 0.00"
    assert curves["line-imported"] == "M0.00 100.00L50.00 100.00L100.00 50.00"
    times = [a["datetime"] for tag, a in page.tags if tag == "time"]
    assert times == ["2025-12-31T23:00:00Z", "2025-12-31T23:02:00Z", "2026-01-01T00:00:00Z"]


def test_a_job_without_rows_has_a_page(tmp_path: Path) -> None:
    page = page_of(tmp_path, [], ReportInfo("library.csv", 0.0))
    assert page.data["rows"] == []
    assert "0 of 0 videos are online" in " ".join(page.words)


def test_a_page_is_written_completely_or_not_at_all(tmp_path: Path, record: Make) -> None:
    def broken() -> Iterable[ResultRow]:
        yield record()
        raise OSError(28, "No space left on device")

    table = results_table(ManifestColumns())
    with pytest.raises(StateError, match="No space left"):
        write_html(tmp_path / "r.html", table, broken(), ABOUT)
    assert list(tmp_path.iterdir()) == []


def test_rows_are_written_in_batches(
    tmp_path: Path, record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "_BATCH_ROWS", 2)
    for count in (1, 2, 3, 4):
        page = page_of(tmp_path, [record(line=n) for n in range(count)])
        assert [row[0] for row in page.data["rows"]] == list(range(count))
        assert not re.search(r",\]|\[,", page.inside["application/json"][:20])


def test_rows_beyond_the_maximum_are_only_counted(
    tmp_path: Path, record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html_writer, "MAX_ROWS", 2)
    page = page_of(tmp_path, [record()] * 5)
    assert len(page.data["rows"]) == 2
    words = " ".join(page.words)
    assert "5 of 5 videos are online" in words
    assert "The last 3 rows are not listed here." in words
