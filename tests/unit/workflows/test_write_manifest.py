import csv
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import openpyxl
import pytest

from batch_import.errors import Interrupted, RunFault, UsageError
from batch_import.reports.writers import table_file
from batch_import.sources.filters import ListingFilter
from batch_import.sources.source import ListedVideo, ListingOptions, SkippedItem
from batch_import.workflows import write_manifest as workflow
from batch_import.workflows.write_manifest import ListingRequest, WrittenManifest, write_manifest

Write = Callable[..., WrittenManifest]

URL = "https://h.example/a%20b.mp4"


class FakeSource:
    """A source that lists the given items."""

    def __init__(self, *items: ListedVideo | SkippedItem | RunFault) -> None:
        self.items = items

    def videos(self, location: str, options: ListingOptions) -> Iterator[ListedVideo | SkippedItem]:
        del location, options
        for item in self.items:
            if isinstance(item, RunFault):
                raise item
            yield item


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Return a function that writes a manifest of the items of a fake source."""
    monkeypatch.setattr(workflow, "schemes", lambda: frozenset({"fake"}))

    def run(*items: object, name: str = "m.csv", **more: object) -> WrittenManifest:
        monkeypatch.setattr(workflow, "source_of", lambda _: FakeSource(*items))  # type: ignore[arg-type]
        request = ListingRequest(("fake:x",), tmp_path / name, **more)  # type: ignore[arg-type]
        return write_manifest(request)

    return run


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


FULL = ListedVideo(
    URL,
    title="=1+1",
    reference_id="0042",
    extension="mp4",
    size=123,
    duration=61.5,
    description="two\nlines",
    tags=("a", "b"),
    folder="HR",
    modified_at=datetime(2025, 1, 31, 10, tzinfo=timezone(timedelta(hours=1))),
)


def test_every_known_value_has_its_column(write: Write, tmp_path: Path) -> None:
    assert write(FULL).row_count == 1
    assert rows(tmp_path / "m.csv") == [
        {
            "sourceUrl": URL,
            "filename": "'=1+1",
            "extension": "mp4",
            "referenceId": "'0042",
            "description": "two lines",
            "duration": "61.5",
            "tags": "a, b",
            "folder": "HR",
            "date": "2025-01-31T09:00:00Z",
            "size": "123",
        }
    ]


def test_a_workbook_has_the_same_values(write: Write, tmp_path: Path) -> None:
    write(FULL, name="m.xlsx")
    _, row = openpyxl.load_workbook(tmp_path / "m.xlsx").active.values
    assert row == (
        *(URL, "=1+1", "mp4", "0042", "two lines", 61.5, "a, b", "HR", "2025-01-31T09:00:00Z", 123),
    )


def test_a_video_without_a_title_gets_the_name_of_its_file(write: Write, tmp_path: Path) -> None:
    named = [URL, "s3://b/x/Talk 1.MOV", "https://h.example/get/v.1?x=y", "https://h.example"]
    write(*(ListedVideo(url) for url in named))
    titles = [row["filename"] for row in rows(tmp_path / "m.csv")]
    assert titles == ["a b", "Talk 1", "v.1", "https://h.example"]


def test_characters_that_a_cell_cannot_contain_are_replaced(write: Write, tmp_path: Path) -> None:
    write(ListedVideo(URL, title="a\ud800b\x00c\td"))
    assert rows(tmp_path / "m.csv")[0]["filename"] == "a?b c d"


def test_skipped_and_filtered_items_are_counted(write: Write) -> None:
    written = write(
        ListedVideo(URL, path="a.mp4"),
        ListedVideo("https://h.example/a.jpg", path="a.jpg"),
        SkippedItem("x/", "closed", is_unreadable=True),
        filters=ListingFilter(),
    )
    assert (written.row_count, written.is_complete) == (1, False)
    assert [(group.count, group.examples) for group in written.skipped] == [
        (1, ["x/"]),
        (1, ["a.jpg"]),
    ]


def test_expiring_urls_and_missing_extensions_are_counted(write: Write) -> None:
    written = write(
        ListedVideo("https://h.example/a.mp4?expires=1900000000&signature=abcdef"),
        ListedVideo("https://h.example/a", expires_at=1_800_000_000.0),
        ListedVideo("https://h.example/b.mp4"),
    )
    assert (written.expiring_count, written.expires_at) == (2, 1_800_000_000.0)
    assert written.without_extension_count == 1


def test_an_existing_file_is_replaced_only_on_request(write: Write) -> None:
    write(ListedVideo(URL))
    with pytest.raises(UsageError, match="exists already"):
        write(ListedVideo(URL))
    assert write(ListedVideo(URL), ListedVideo(URL), replace=True).row_count == 2


@pytest.mark.parametrize("fault", [UsageError("no"), SkippedItem("a.jpg", "a picture")])
def test_nothing_is_written_without_a_complete_list(
    write: Write, tmp_path: Path, fault: object
) -> None:
    first = ListedVideo("https://h.example/a.jpg", path="a.jpg")
    for name in ("m.csv", "m.xlsx"):
        with pytest.raises(UsageError):
            write(first, fault, name=name)
    assert not list(tmp_path.iterdir())


def test_a_stop_event_ends_the_listing(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del write
    monkeypatch.setattr(workflow, "source_of", lambda _: FakeSource(*[ListedVideo(URL)] * 1_000))
    stop = threading.Event()
    stop.set()
    seen: list[int] = []
    with pytest.raises(Interrupted):
        write_manifest(ListingRequest(("fake:x",), tmp_path / "m.csv"), seen.append, stop)
    assert seen == [0]
    assert not list(tmp_path.iterdir())


def test_more_rows_than_a_sheet_can_have_are_refused(
    write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(table_file, "LAST_ROW", 2)
    assert write(*[ListedVideo(URL)] * 2, name="m.xlsx").row_count == 2
    with pytest.raises(UsageError, match="more than"):
        write(*[ListedVideo(URL)] * 3, name="n.xlsx")
    assert not (tmp_path / "n.xlsx").exists()


@pytest.mark.parametrize(
    ("location", "hint"),
    [
        ("https://h.example/feed.xml", "feed:https://h.example/feed.xml"),
        (".", "folder:."),
        ("videos", "fake:"),
        ("ftp://h.example", "fake:"),
    ],
)
def test_the_error_for_a_location_without_a_scheme_names_the_source(
    write: Write, location: str, hint: str
) -> None:
    del write
    with pytest.raises(UsageError, match="source") as raised:
        write_manifest(ListingRequest((location,), Path("m.csv")))
    assert hint in str(raised.value)


def test_other_formats_than_csv_and_xlsx_are_refused(write: Write) -> None:
    with pytest.raises(UsageError, match="neither"):
        write(ListedVideo(URL), name="m.json")
