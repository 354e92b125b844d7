"""Loading a manifest into the job database."""

import threading
from pathlib import Path

import pytest

from batch_import.configuration.request import ImportRequest
from batch_import.configuration.settings import ReadingOptions, Settings
from batch_import.manifest.read import CHUNK_ROWS
from batch_import.models import Status, StatusUpdate
from batch_import.state.facts import ACCOUNT_SEARCH, AccountSearch, IgnoredEdits
from batch_import.state.store import Store
from batch_import.workflows.load import update_job
from batch_import.workflows.load_result import LoadResult
from batch_import.workflows.validated_manifest import ValidatedManifest

UUID = "11111111-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
HEADER = "sourceUrl,filename\n"
ONE, TWO = "https://h.example.com/1.mp4,One\n", "https://h.example.com/2.mp4,Two\n"


def load_manifest(
    store: Store,
    path: Path,
    *,
    strict: bool = False,
    first: int | None = None,
    retry_failed: bool = False,
    **options: object,
) -> LoadResult:
    request = ImportRequest(
        path,
        folder=path.parent,
        reading=ReadingOptions(**options),  # type: ignore[arg-type]
        settings=Settings(strict=strict, first=first),
        retry_failed=retry_failed,
    )
    manifest = ValidatedManifest(request, 1.0, threading.Event(), lambda _: None)
    return update_job(store, manifest)


def test_a_new_version_of_the_manifest_is_searched_for_in_the_account_again(tmp_path: Path) -> None:
    path = tmp_path / "videos.csv"
    path.write_text(HEADER + ONE, encoding="utf-8")
    with Store(None) as store:
        load_manifest(store, path)
        store.facts.save(ACCOUNT_SEARCH.of(AccountSearch.DONE))
        assert load_manifest(store, path).diff is None
        assert store.facts.get(ACCOUNT_SEARCH) is AccountSearch.DONE

        path.write_text(HEADER + ONE + TWO, encoding="utf-8")
        diff = load_manifest(store, path).diff
        assert diff is not None
        assert diff.added.count == 1
        assert store.facts.get(ACCOUNT_SEARCH) is AccountSearch.NOT_DONE


def test_the_same_file_with_other_reading_options_is_another_version(tmp_path: Path) -> None:
    path = tmp_path / "videos.csv"
    path.write_text(HEADER + "https://h.example.com/1,One\n", encoding="utf-8")
    with Store(None) as store:
        load_manifest(store, path)
        assert store.reader.counts().invalid == 1
        result = load_manifest(store, path, default={"extension": "mp4"})
        assert result.diff is not None
        assert (store.reader.counts().pending, result.groups) == (1, [])


def test_problems_are_new_only_if_they_have_changed(tmp_path: Path) -> None:
    path = tmp_path / "videos.csv"
    path.write_text(HEADER + ONE + "nope,Bad\n", encoding="utf-8")
    with Store(None) as store:
        assert load_manifest(store, path).has_new_problems
        again = load_manifest(store, path, strict=True)
        assert again.groups
        assert not again.has_new_problems
        path.write_text(HEADER + ONE + TWO + "nope,Bad\n", encoding="utf-8")
        assert load_manifest(store, path).has_new_problems
        path.write_text(HEADER + ONE, encoding="utf-8")
        assert load_manifest(store, path).groups == []


def test_removed_rows_are_counted_whether_they_were_sent_or_not(tmp_path: Path) -> None:
    path = tmp_path / "videos.csv"
    path.write_text(HEADER + ONE + TWO, encoding="utf-8")
    with Store(None) as store:
        load_manifest(store, path)
        (row, *_) = store.queue.claim(1, 1.0)
        store.queue.apply(
            [StatusUpdate(row.row_number, Status.IMPORTED, "online", sent_at=1.0)], 1.0
        )
        path.write_text(HEADER + TWO, encoding="utf-8")
        diff = load_manifest(store, path).diff
        assert diff is not None
        assert diff.removed.count == 1
        assert store.reader.counts().imported == 1


@pytest.mark.parametrize(
    ("sent_id", "edited", "difference"),
    [("A", "https://h.example.com/1.mp4,One,B", "reference ID"),
     ("", f"https://h.example.com/{UUID.replace('1', '2')}.mp4,One,", "URL")],
)  # fmt: skip
def test_a_held_row_names_the_difference(
    tmp_path: Path, sent_id: str, edited: str, difference: str
) -> None:
    path = tmp_path / "videos.csv"
    header = "sourceUrl,filename,referenceId\n"
    two = "https://h.example.com/2.mp4,Two,T\n"
    sent = "1" if sent_id else UUID
    path.write_text(
        f"{header}https://h.example.com/{sent}.mp4,One,{sent_id}\n{two}", encoding="utf-8"
    )
    with Store(None) as store:
        load_manifest(store, path)
        claimed = store.queue.claim(2, 1.0)
        store.queue.apply(
            [StatusUpdate(r.row_number, Status.IMPORTED, "ok", sent_at=1.0) for r in claimed], 1.0
        )
        path.write_text(f"{header}{edited}\n{two}", encoding="utf-8")
        (held,) = load_manifest(store, path).held_rows.examples
    assert held.reason.endswith(f"with another {difference}")


def test_a_retry_returns_the_number_of_rows_that_it_sends_again(tmp_path: Path) -> None:
    path = tmp_path / "videos.csv"
    path.write_text(HEADER + ONE + TWO, encoding="utf-8")
    with Store(None) as store:
        load_manifest(store, path)
        claimed = store.queue.claim(2, 1.0)
        store.queue.apply(
            [StatusUpdate(row.row_number, Status.FAILED, "no") for row in claimed], 1.0
        )
        assert load_manifest(store, path, retry_failed=True).retried_count == 2


def test_private_rows_are_counted_in_the_whole_manifest(tmp_path: Path) -> None:
    path = tmp_path / "videos.csv"
    count = CHUNK_ROWS + 5
    rows = (
        f"https://h.example.com/{n}.mp4,Video {n},{'private' if n >= CHUNK_ROWS else 'public'}\n"
        for n in range(count)
    )
    path.write_text("sourceUrl,filename,Privacy\n" + "".join(rows), encoding="utf-8")
    with Store(None) as store:
        notes = load_manifest(store, path).reading.notes
    assert notes[0].startswith(f"5 of {count:,} rows to import are not public")


def private_lines(result: LoadResult) -> str:
    """Return the part of the notes with the number and the lines of private rows."""
    return "".join(note.partition(":")[0] for note in result.reading.notes)


def test_only_private_rows_that_are_sent_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "videos.csv"
    header = "sourceUrl,filename,Privacy\n"
    rows = [f"https://h.example.com/{n}.mp4,Video {n},private\n" for n in range(4)]
    invalid = "no address,Broken,private\n"
    path.write_text(header + invalid + "".join(rows), encoding="utf-8")
    are = "are not public or not current in the old platform"
    with Store(None) as store:
        assert private_lines(load_manifest(store, path)) == (
            f"4 of 4 rows to import {are} (lines 3, 4, 5, 6)"
        )
        (row, *_) = store.queue.claim(1, 1.0)
        store.queue.apply(
            [StatusUpdate(row.row_number, Status.IMPORTED, "online", sent_at=1.0)], 1.0
        )
        path.write_text(header + "".join(rows) + invalid, encoding="utf-8")
        # Line 2 has the imported row now.
        assert private_lines(load_manifest(store, path)) == (
            f"3 of 3 rows to import {are} (lines 3, 4, 5)"
        )
        limited = load_manifest(store, path, strict=True, first=2)
        assert private_lines(limited) == f"2 of 2 rows to import {are} (lines 3, 4)"


def test_an_edit_after_the_import_is_reported_until_it_is_undone(tmp_path: Path) -> None:
    path = tmp_path / "videos.csv"
    path.write_text(HEADER + ONE + TWO, encoding="utf-8")
    with Store(None) as store:
        load_manifest(store, path)
        (row, *_) = store.queue.claim(1, 1.0)
        store.queue.apply(
            [StatusUpdate(row.row_number, Status.IMPORTED, "online", sent_at=1.0)], 1.0
        )
        path.write_text(HEADER + ONE.replace("One", "First") + TWO, encoding="utf-8")
        for _ in range(2):
            assert load_manifest(store, path).ignored_edits == IgnoredEdits(1, 2)
        path.write_text(HEADER + ONE + TWO, encoding="utf-8")
        assert load_manifest(store, path).ignored_edits == IgnoredEdits()


def test_correctable_cells_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "videos.csv"
    path.write_text(HEADER + ONE + "h.example.com/2.mp4,Two\n,Three\n", encoding="utf-8")
    with Store(None) as store:
        assert load_manifest(store, path).reading.correctable_count == 1
    path.write_text(HEADER + "1.mp4,One\n", encoding="utf-8")
    with Store(None) as store:  # a file name below a base URL is no problem
        base = "https://h.example.com/"
        assert load_manifest(store, path, base_url=base).reading.correctable_count == 0
