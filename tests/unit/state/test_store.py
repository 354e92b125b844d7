"""The job database: what is committed, and how an edited manifest changes it."""

import dataclasses
import math
import sqlite3
from pathlib import Path

import pytest

from batch_import.errors import StateError, UsageError
from batch_import.failure_codes import FailureCode
from batch_import.models import (
    Counts,
    LineRange,
    ManifestRow,
    Media,
    ResultRow,
    Status,
    StatusChange,
    StatusUpdate,
)
from batch_import.state import facts
from batch_import.state.connection import SCHEMA_VERSION
from batch_import.state.manifest_diff import ChangedRows, ManifestDiff
from batch_import.state.reader import InFlightRow
from batch_import.state.store import Store
from batch_import.state.timeline import Timeline


def row(
    name: str,
    line: int = 2,
    *,
    error: str = "",
    url: str = "https://h/v.mp4",
    expires: float = math.inf,
) -> ManifestRow:
    return ManifestRow(
        line, name, name or None, url, f"Title {name}", "mp4", (name, url), error, expires
    )


def loaded_store(*names: str) -> Store:
    store = Store(None)
    store.load(
        [row(name, line) for line, name in enumerate(names, 2)],
        1.0,
        facts=[facts.MANIFEST.of("m.csv")],
    )
    return store


def record(store: Store, reference: str) -> ResultRow:
    return next(r for r in store.reader.records() if r.reference_id == reference)


def history(store: Store, reference: str) -> list[StatusChange]:
    found = store.reader.find_by_reference(reference)
    assert found
    return store.reader.events(found[0])


def finish(store: Store, reference: str, status: Status) -> None:
    claim_all = {r.reference_id: r for r in store.queue.claim(100, 2.0)}
    changes = [
        StatusUpdate(r.row_number, Status.PENDING) for n, r in claim_all.items() if n != reference
    ]
    media = Media("m1", "k1", reference) if status is Status.IMPORTED else None
    change = StatusUpdate(
        claim_all[reference].row_number, status, "because", error="words", media=media, sent_at=3
    )
    store.queue.apply([*changes, change], 3.0)


def test_rows_are_claimed_once_and_in_order() -> None:
    store = loaded_store("a", "b", "c")
    assert [r.reference_id for r in store.queue.claim(2, 2.0)] == ["a", "b"]
    assert [r.reference_id for r in store.queue.claim(2, 2.0)] == ["c"]
    assert store.queue.claim(2, 2.0) == []


def test_a_claimed_row_is_unknown_after_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    with Store(path, create=True) as store:
        store.load([row("a"), row("b")], 1.0)
        store.queue.claim(1, 2.0)
        assert store.reader.counts(is_running=True) == Counts(total=2, pending=1, processing=1)
        # The store is not closed: another connection sees what a crash would leave.
        with Store(path) as after:
            assert after.reader.counts() == Counts(total=2, pending=1, unknown=1)
            assert after.queue.recover(9.0) == 1
            (lost,) = after.queue.in_flight()
            assert (lost.reference_id, lost.status) == ("a", Status.UNKNOWN)
            assert [e.status for e in history(after, "a")] == [Status.CREATING, Status.UNKNOWN]


def test_a_status_update_keeps_the_known_values() -> None:
    store = loaded_store("a")
    (claim_all,) = store.queue.claim(1, 2.0)
    store.queue.apply(
        [StatusUpdate(claim_all.row_number, Status.PROCESSING, sent_at=3.0, ingest_id="i")], 3.0
    )
    (flying,) = store.queue.in_flight()
    assert (flying.ingest_id, flying.sent_at) == ("i", 3.0)
    media = Media("m", "k", "a", title="T", duration="00:01:05", created_date="2026-01-01")
    store.queue.apply([StatusUpdate(claim_all.row_number, Status.IMPORTED, media=media)], 4.0)
    found = record(store, "a")
    assert (found.ingest_id, found.key, found.duration) == ("i", "k", "00:01:05")


def test_a_row_that_becomes_pending_loses_its_former_ingest_and_media() -> None:
    store = loaded_store("a")
    (sent,) = store.queue.claim(1, 2.0)
    processing = StatusUpdate(
        sent.row_number, Status.PROCESSING, ingest_id="i", media=Media("m", "k", "a")
    )
    store.queue.apply([processing], 3.0)
    store.queue.apply([StatusUpdate(sent.row_number, Status.PENDING)], 4.0)
    (again,) = store.queue.claim(1, 5.0)
    assert (again.ingest_id, again.media_id) == (None, None)


def test_codes_are_kept_with_rows_and_events_until_the_next_change() -> None:
    store = Store(None)
    bad = dataclasses.replace(row("b", 3, error="two"), codes=("url-scheme", "filename-missing"))
    store.load([row("a"), bad, row("c", 4)], 1.0)
    assert record(store, "b").codes == ("url-scheme", "filename-missing")
    (a, c) = store.queue.claim(2, 2.0)
    change = StatusUpdate(a.row_number, Status.FAILED, "no", "no", FailureCode.REJECTED)
    store.queue.apply([change], 3.0)
    store.queue.recover(4.0)
    assert record(store, "a").codes == (FailureCode.REJECTED,)
    assert record(store, "c").codes == (FailureCode.INTERRUPTED,)
    assert history(store, "a")[-1] == StatusChange(3.0, Status.FAILED, "no", FailureCode.REJECTED)
    assert history(store, "c")[-1].code == FailureCode.INTERRUPTED
    store.queue.retry_failed(5.0)
    store.queue.apply([StatusUpdate(c.row_number, Status.IMPORTED)], 6.0)
    store.load([row("a"), row("b", 3), row("c", 4)], 7.0)
    assert [r.codes for r in store.reader.records()] == [(), (), ()]
    preflight = [StatusUpdate(a.row_number, Status.INVALID, "preflight", "no", "source-missing")]
    store.queue.apply(preflight, 8.0)
    assert record(store, "a").codes == ("source-missing",)


@pytest.mark.parametrize("media_id", ["17", "m1", "", "0"])
def test_another_manifest_is_refused_if_the_job_has_an_adopted_media(media_id: str) -> None:
    store = loaded_store("a")
    (found,) = store.queue.pending_by_reference(["a"])
    media = Media(media_id, "k", "a")
    store.queue.apply([StatusUpdate(found.row_number, Status.IMPORTED, media=media)], 2.0)
    with pytest.raises(StateError, match="another manifest"):
        store.load([row("z")], 3.0)


def test_another_manifest_is_refused_if_a_post_may_have_been_sent() -> None:
    store = loaded_store("a")
    store.queue.claim(1, 2.0)  # and then the machine loses power
    with pytest.raises(StateError, match="another manifest"):
        store.load([row("z")], 3.0)


def test_retry_makes_only_failed_rows_pending() -> None:
    store = loaded_store("a", "b")
    finish(store, "a", Status.FAILED)
    assert store.queue.retry_failed(5.0) == 1
    assert store.reader.counts() == Counts(total=2, pending=2)
    assert record(store, "a").error == ""
    assert store.queue.retry_failed(6.0) == 0


def test_a_retried_row_has_no_media_of_its_last_attempt() -> None:
    # Otherwise the failure of this media would count for the new attempt: simulation seed 3840.
    store = loaded_store("a")
    (claim_all,) = store.queue.claim(1, 2.0)
    store.queue.apply(
        [StatusUpdate(claim_all.row_number, Status.FAILED, media=Media("old", "k", "a"))], 3.0
    )
    store.queue.retry_failed(4.0)
    (again,) = store.queue.claim(1, 5.0)
    assert again.media_id is None


def test_loading_the_same_manifest_changes_nothing() -> None:
    store = loaded_store("a", "b")
    finish(store, "a", Status.FAILED)
    edition = store.load([row("a"), row("b", 3)], 4.0)
    assert edition == ManifestDiff(unchanged=2)
    assert store.reader.counts() == Counts(total=2, pending=1, failed=1)


@pytest.mark.parametrize("status", [Status.IMPORTED, Status.PROCESSING, Status.UNKNOWN])
def test_a_row_that_may_have_a_media_is_not_changed_or_sent_again(status: Status) -> None:
    store = loaded_store("a", "b")
    finish(store, "a", status)
    store.load([row("b"), row("a", 3, url="https://other/v.mp4")], 4.0)
    kept = record(store, "a")
    assert (kept.status, kept.source_url, kept.line) == (status, "https://h/v.mp4", 3)
    store.load([row("b")], 5.0)
    assert record(store, "a").status is status
    assert record(store, "a").is_removed


def test_a_corrected_failed_row_is_pending() -> None:
    store = loaded_store("a", "b")
    finish(store, "a", Status.FAILED)
    edition = store.load([row("a", url="https://fixed/v.mp4"), row("b", 3)], 4.0)
    assert edition == ManifestDiff(changed=ChangedRows(1, ((2, "a"),)), unchanged=1)
    assert record(store, "a").status is Status.PENDING
    assert record(store, "a").source_url == "https://fixed/v.mp4"


def test_invalid_rows_follow_the_latest_manifest() -> None:
    store = Store(None)
    store.load([row("a", error="sourceUrl: is empty"), row("", 3, error="no")], 1.0)
    assert store.reader.counts() == Counts(total=2, invalid=2)
    assert store.queue.claim(5, 1.0) == []
    edition = store.load([row("a"), row("b", 3)], 2.0)
    assert store.reader.counts() == Counts(total=2, pending=2)
    assert edition == ManifestDiff(
        added=ChangedRows(1, ((3, "b"),)),
        changed=ChangedRows(1, ((2, "a"),)),
        replaced=ChangedRows(1, ((3, ""),)),
    )


def test_an_unchanged_invalid_row_is_kept() -> None:
    store = Store(None)
    rows = [row("a", error="bad"), row("", 3, error="no"), row("", 4, error="no")]
    store.load(rows, 1.0)
    assert store.load(rows, 2.0) == ManifestDiff(unchanged=1)
    assert store.reader.counts() == Counts(total=3, invalid=3)
    edition = store.load([row("a", error="other")], 3.0)
    assert edition == ManifestDiff(
        changed=ChangedRows(1, ((2, "a"),)), replaced=ChangedRows(2, ((3, ""), (4, "")))
    )
    assert record(store, "a").error == "other"


def test_a_heading_keeps_its_row_number() -> None:
    def heading(text: str, line: int) -> ManifestRow:
        return dataclasses.replace(row("", line, error="no", url=""), cells=("", text))

    store = Store(None)
    store.load([heading("As of May", 2), row("a", 3), heading("Part 2", 4)], 1.0)
    numbers = {each.cells[1]: each.row_number for each in store.reader.records()}
    edition = store.load([row("a", 2), heading("Part 2", 3)], 2.0)
    assert edition == ManifestDiff(unchanged=1, replaced=ChangedRows(1, ((2, ""),)))
    assert {each.row_number for each in store.reader.records()} == {
        numbers["Part 2"], numbers["https://h/v.mp4"],
    }  # fmt: skip


def test_a_removed_invalid_row_is_deleted_unless_it_was_once_sent() -> None:
    store = Store(None)
    store.load([row("a", error="bad"), row("b", 3), row("c", 4)], 1.0)
    finish(store, "b", Status.FAILED)
    store.queue.retry_failed(4.0)
    preflight = [StatusUpdate(2, Status.INVALID, "preflight", "no video")]
    store.queue.apply(preflight, 5.0)
    edition = store.load([row("c")], 6.0)
    assert edition == ManifestDiff(removed=ChangedRows(2, ((2, "a"), (3, "b"))), unchanged=1)
    assert store.reader.counts() == Counts(total=2, pending=1, skipped=1)
    assert record(store, "b").status is Status.SKIPPED


def test_a_row_that_failed_preflight_is_pending_after_the_manifest_is_loaded_again() -> None:
    store = loaded_store("a", "b")
    first, _ = store.queue.pending_sources(0, 10)
    store.queue.apply(
        [StatusUpdate(first.row_number, Status.INVALID, "preflight", "no video")], 2.0
    )
    assert record(store, "a").error == "no video"
    store.load([row("a"), row("b", 3)], 3.0)
    assert store.reader.counts() == Counts(total=2, pending=2)
    assert record(store, "a").error == ""


def test_edits_of_sent_rows_are_reported_and_ignored() -> None:
    store = loaded_store("a", "b", "c", "d")
    for name in "abc":
        finish(store, name, Status.IMPORTED)
    signed = "https://h/v.mp4?X-Amz-Signature=2"
    renamed = dataclasses.replace(row("c", 4), filename="Another title")
    edition = store.load(
        [row("a", url="https://other/v.mp4"), row("b", 3, url=signed), renamed, row("d", 5)], 9
    )
    # A URL with a new signature names the same video.
    ignored = ChangedRows(2, ((2, "a"), (4, "c")))
    assert edition == ManifestDiff(ignored=ignored, ignored_url_count=1, unchanged=2)
    assert record(store, "c").filename == "Title c"
    assert store.reader.counts() == Counts(total=4, imported=3, pending=1)


def test_only_the_first_five_added_rows_are_named() -> None:
    store = loaded_store("z")
    edition = store.load([row("z"), *(row(f"r{n}", n) for n in range(3, 1003))], 2.0)
    assert edition.added.count == 1000
    assert [name for _, name in edition.added.first] == ["r3", "r4", "r5", "r6", "r7"]


def test_rows_whose_urls_expire_soonest_are_claimed_first() -> None:
    store = Store(None)
    ends = {"a": math.inf, "b": 20.0, "c": math.inf, "d": 10.0}
    store.load([row(name, n, expires=end) for n, (name, end) in enumerate(ends.items())], 1.0)
    claim_all = [r.reference_id for _ in range(2) for r in store.queue.claim(2, 2.0)]
    assert claim_all == ["d", "b", "a", "c"]
    store = loaded_store("a", "b")
    store.load([row("a"), row("b", 3, expires=5.0)], 2.0)
    assert [r.reference_id for r in store.queue.claim(2, 3.0)] == ["b", "a"]


def test_a_row_in_flight_has_its_claim_time_and_the_number_of_imported_rows_before() -> None:
    store = loaded_store("a", "b", "c", "d")
    for name in "ab":
        finish(store, name, Status.IMPORTED)
    (row_c,) = store.queue.claim(1, 30.0)
    store.queue.apply([StatusUpdate(row_c.row_number, Status.PROCESSING, sent_at=31.0)], 31.0)
    (flying,) = store.queue.in_flight()
    assert (flying.claimed_at, flying.sent_at, flying.imported_between_count) == (30.0, 31.0, 2)


def test_only_pending_rows_have_pending_sources() -> None:
    store = Store(None)
    store.load([row("a"), row("b", 3, error="bad"), row("c", 4), row("d", 5)], 1.0)
    store.queue.claim(1, 2.0)
    found = store.queue.pending_sources(0, 10)
    assert [(s.line, s.url, s.extension) for s in found] == [
        (4, "https://h/v.mp4", "mp4"),
        (5, "https://h/v.mp4", "mp4"),
    ]
    assert store.queue.pending_sources(0, 1) == found[:1]
    assert store.queue.pending_sources(found[0].row_number, 10) == found[1:]


def test_the_history_has_each_retry_and_each_edit_of_the_manifest() -> None:
    store = loaded_store("a")
    store.queue.claim(1, 2.0)
    store.queue.apply([StatusUpdate(1, Status.FAILED, "no", code=FailureCode.REJECTED)], 3.0)
    store.queue.retry_failed(4.0)
    damaged = dataclasses.replace(row("a", error="no URL", url="h/v"), codes=("url-invalid",))
    store.load([damaged], 5.0)
    store.load([row("a")], 6.0)
    store.load([], 7.0)
    assert history(store, "a") == [
        StatusChange(2.0, Status.CREATING, ""),
        StatusChange(3.0, Status.FAILED, "no", FailureCode.REJECTED),
        StatusChange(4.0, Status.PENDING, "retry"),
        StatusChange(5.0, Status.INVALID, "changed in the manifest", "url-invalid"),
        StatusChange(6.0, Status.PENDING, "changed in the manifest"),
        StatusChange(7.0, Status.SKIPPED, "removed from the manifest"),
    ]


def test_a_pending_row_that_became_invalid_is_not_sent() -> None:
    store = loaded_store("a", "b")
    store.load([row("a", error="bad"), row("b", 3)], 2.0)
    assert store.reader.counts() == Counts(total=2, pending=1, invalid=1)


def test_removed_rows_are_skipped_and_can_return() -> None:
    store = loaded_store("a", "b")
    assert store.load([row("b")], 2.0) == ManifestDiff(
        removed=ChangedRows(1, ((2, "a"),)), unchanged=1
    )
    assert record(store, "a").status is Status.SKIPPED
    store.load([row("a"), row("b", 3)], 3.0)
    assert store.reader.counts() == Counts(total=2, pending=2)


def test_another_manifest_is_refused_after_a_row_was_sent() -> None:
    store = loaded_store("a")
    store.load([row("z")], 2.0)  # allowed, because nothing was sent
    store = loaded_store("a")
    finish(store, "a", Status.IMPORTED)
    with pytest.raises(StateError, match="another manifest"):
        store.load([row("z")], 2.0)
    assert record(store, "a").status is Status.IMPORTED


def test_a_manifest_that_cannot_be_read_to_its_end_changes_nothing() -> None:
    store = loaded_store("a")

    def broken() -> object:
        yield row("a")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.load(broken(), 2.0, facts=[facts.MANIFEST.of("n.csv")])  # type: ignore[arg-type]
    assert store.reader.counts() == Counts(total=1, pending=1)
    assert store.facts.get(facts.MANIFEST) == "m.csv"


def test_a_missing_damaged_foreign_or_newer_file_raises_a_state_error(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="no job"):
        Store(tmp_path / "state.sqlite")

    damaged = tmp_path / "damaged.sqlite"
    damaged.write_bytes(b"SQLite format 3\x00" + b"\xff" * 5000)
    with pytest.raises(StateError, match="damaged"):
        Store(damaged)

    foreign = tmp_path / "foreign.sqlite"
    with sqlite3.connect(foreign) as db:
        db.execute("CREATE TABLE x (y)")
    db.close()
    with pytest.raises(StateError, match="not a state file"):
        Store(foreign, create=True)

    for version, word in ((SCHEMA_VERSION + 1, "newer"), (1, "older")):
        other = tmp_path / f"{word}.sqlite"
        with sqlite3.connect(other) as db:
            db.execute(f"PRAGMA user_version = {version}")
        db.close()
        with pytest.raises(StateError, match=word):
            Store(other)


def test_commits_are_written_to_the_disk(tmp_path: Path) -> None:
    with Store(tmp_path / "s", create=True) as store:
        assert store.connection.db.execute("PRAGMA synchronous").fetchone() == (2,)
        assert store.connection.db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_the_timeline_counts_sent_and_imported_rows() -> None:
    store = loaded_store("a", "b", "c")
    assert store.reader.timeline(4) is None
    first, second = store.queue.claim(2, 100.0)
    store.queue.apply(
        [StatusUpdate(first.row_number, Status.IMPORTED, media=Media("m", "k", "a"))], 150.0
    )
    store.queue.claim(1, 180.0)
    store.queue.apply([StatusUpdate(second.row_number, Status.FAILED)], 500.0)
    timeline = store.reader.timeline(4)
    assert timeline == Timeline(100.0, 20.0, (2, 0, 0, 1), (0, 0, 1, 0))


def test_the_timeline_has_the_first_time_that_a_retried_row_was_sent() -> None:
    store = loaded_store("a")
    finish(store, "a", Status.FAILED)  # sent at 2
    store.queue.retry_failed(50.0)
    store.queue.claim(1, 100.0)
    assert store.reader.timeline(2) == Timeline(2.0, 1.0, (1, 0), (0, 0))


def test_each_picture_is_requested_once() -> None:
    store = loaded_store("a", "b")
    finish(store, "a", Status.IMPORTED)
    assert (store.pictures.missing(10), store.pictures.missing_count()) == (["k1"], 1)
    assert (record(store, "a").is_size_requested, record(store, "a").size) == (False, None)
    store.pictures.save("k1", None)  # the platform did not return a size
    assert (store.pictures.missing(10), store.pictures.missing_count()) == ([], 0)
    assert (record(store, "a").is_size_requested, record(store, "a").size) == (True, None)
    store.pictures.save("k1", (640, 480))
    assert record(store, "a").size == (640, 480)


def claim_one_by_one(store: Store, many: int) -> None:
    for _ in range(many):
        store.queue.claim(1, 4.0)


def test_a_full_disk_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    with Store(path, create=True) as store:
        store.load([row(f"r{n}", n) for n in range(2, 500)], 1.0)
        first = store.queue.claim(1, 2.0)[0]
        store.queue.apply(
            [StatusUpdate(first.row_number, Status.PROCESSING, ingest_id="i", sent_at=3.0)], 3.0
        )
        store.connection.db.execute("VACUUM")
        (pages,) = store.connection.db.execute("PRAGMA page_count").fetchone()
        store.connection.db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StateError, match="full") as caught:
            claim_one_by_one(store, 400)
        assert "Free some space" in caught.value.hint
    with Store(path) as store:
        claim_all = store.queue.recover(5.0)
        counts = store.reader.counts()
        assert counts.processing == 1
        assert (counts.unknown, counts.pending) == (claim_all, 498 - 1 - claim_all)
        assert store.queue.claim(1, 6.0)


def test_a_database_that_cannot_be_written_raises_a_state_error(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    with Store(path, create=True) as store:
        store.load([row("a")], 1.0)
        store.connection.db.execute("PRAGMA query_only = 1")
        with pytest.raises(StateError, match="readonly") as caught:
            store.queue.claim(1, 2.0)
    assert "writable" in caught.value.hint
    with Store(path) as store:
        assert store.reader.counts().pending == 1


def test_a_damaged_database_raises_a_state_error(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    with Store(path, create=True) as store:
        store.load([row(f"r{n}", n) for n in range(2, 500)], 1.0)
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(StateError, match=r"state\.sqlite") as caught, Store(path) as store:
        list(store.reader.records())
    assert "another job=" in caught.value.hint


FIVE = tuple(enumerate("abcde", 2))


def claim_all(store: Store) -> list[str]:
    found = []
    while rows := store.queue.claim(2, 2.0):
        found += [row.reference_id for row in rows]
    return found


@pytest.mark.parametrize(
    ("wanted", "limit", "taken"),
    [
        ([], None, ["d", "a", "b", "c", "e"]),
        ([], 2, ["d", "a"]),
        ([], 9, ["d", "a", "b", "c", "e"]),
        ([LineRange(3, 4)], None, ["b", "c"]),
        ([LineRange(1, 3), LineRange(3, 3), "e", "a"], None, ["a", "b", "e"]),
        ([LineRange(2, 2**62)], 3, ["d", "a", "b"]),
        (["e", "d"], 1, ["d"]),
    ],
)
def test_only_selected_rows_are_claimed(
    wanted: list[LineRange | str], limit: int | None, taken: list[str]
) -> None:
    with Store(None) as store:
        store.load(
            [row(name, line, expires=5.0 if name == "d" else math.inf) for line, name in FIVE],
            1.0,
        )
        store.queue.choose(wanted)
        if limit:
            store.queue.choose_first(limit)
        assert store.queue.claimable_count() == store.queue.remaining_count() == len(taken)
        assert store.queue.has_choice == bool(wanted or limit)
        assert {r.reference_id for r in store.queue.pending_by_reference("abcde")} == set(taken)
        assert len(store.queue.pending_sources(0, 100)) == len(taken)
        assert claim_all(store) == taken
        assert store.reader.counts().pending == 5 - len(taken)


def test_a_selected_row_that_is_pending_again_is_claimed_again() -> None:
    with loaded_store("a", "b", "c") as store:
        store.queue.choose(["b"])
        (taken,) = store.queue.claim(5, 2.0)
        assert store.queue.claimable_count() == 0
        store.queue.apply([StatusUpdate(taken.row_number, Status.PENDING)], 3.0)
        assert store.queue.claimable_count() == 1
        assert claim_all(store) == ["b"]
        assert store.queue.remaining_count() == 1
        store.queue.apply([StatusUpdate(taken.row_number, Status.IMPORTED)], 4.0)
        assert store.queue.remaining_count() == 0


def test_a_later_selection_replaces_an_earlier_one() -> None:
    with loaded_store("a", "b", "c") as store:
        store.queue.choose(["a"])
        store.queue.choose([LineRange(3, 3)])
        store.queue.choose_first(7)
        assert claim_all(store) == ["b"]
        store.queue.choose(())
        assert claim_all(store) == ["a", "c"]


def test_only_the_selected_failed_rows_are_retried() -> None:
    with loaded_store("a", "b") as store:
        store.queue.apply(
            [StatusUpdate(r.row_number, Status.FAILED) for r in store.queue.claim(2, 2.0)], 3.0
        )
        store.queue.choose(["b"])
        assert store.queue.retry_failed(4.0) == 1
        store.queue.choose_first(1)
        assert claim_all(store) == ["b"]
        assert store.reader.counts(is_running=True) == Counts(total=2, failed=1, processing=1)


@pytest.mark.parametrize(
    ("which", "words"),
    [
        ("ref-33", "only='ref-33' is not the reference ID of any row. Did you mean 'ref-3'"),
        (
            "nothing like it",
            "'nothing like it' is not the reference ID of any row. Nothing was sent.",
        ),
        ("gone", "'gone' is not the reference ID"),
        (LineRange(9, 9), "line 9: no row begins there. The rows begin in lines 2 to 4. Nothing"),
        (LineRange(7, 9), "lines 7 to 9: no row begins there."),
        (LineRange(1, 1), "line 1: no row begins there."),
    ],
)
def test_a_selection_of_an_unknown_row_is_refused_and_selects_nothing(
    which: LineRange | str, words: str
) -> None:
    with loaded_store("ref-1", "ref-2", "ref-3", "gone") as store:
        store.load([row(f"ref-{line - 1}", line) for line in (2, 3, 4)], 2.0)
        with pytest.raises(UsageError, match=words):
            store.queue.choose(["ref-1", which])
        assert not store.queue.has_choice
        store.queue.choose(["ref-1"])
        assert store.queue.claimable_count() == 1


# Reading ------------------------------------------------------------------------------------------


def test_the_oldest_row_in_flight_is_the_one_sent_first() -> None:
    store = loaded_store("a", "b", "c")
    assert store.reader.oldest_in_flight() is None
    first, second = store.queue.claim(2, 2.0)
    store.queue.apply([StatusUpdate(second.row_number, Status.PROCESSING, sent_at=3.0)], 3.0)
    store.queue.apply([StatusUpdate(first.row_number, Status.UNKNOWN, sent_at=4.0)], 4.0)
    assert store.reader.oldest_in_flight() == InFlightRow(3, "b", Status.PROCESSING, 3.0)
    store.queue.apply([StatusUpdate(second.row_number, Status.FAILED)], 5.0)
    assert store.reader.oldest_in_flight() == InFlightRow(2, "a", Status.UNKNOWN, 4.0)


def test_an_adopted_row_in_flight_is_as_old_as_its_adoption() -> None:
    store = loaded_store("a")
    (found,) = store.queue.pending_by_reference(["a"])
    store.queue.apply(
        [StatusUpdate(found.row_number, Status.PROCESSING, media=Media("m", "k", "a"))], 7.0
    )
    assert store.reader.oldest_in_flight() == InFlightRow(2, "a", Status.PROCESSING, 7.0)


def test_a_row_that_was_sent_again_is_as_old_as_its_last_post() -> None:
    store = loaded_store("a")
    finish(store, "a", Status.FAILED)
    store.queue.retry_failed(5.0)
    store.queue.claim(1, 6.0)
    assert store.reader.oldest_in_flight() == InFlightRow(2, "a", Status.CREATING, 6.0)


def test_a_row_is_found_by_its_line_and_by_its_reference_id() -> None:
    store = Store(None)
    twice = dataclasses.replace(row("a", 4, error="already on line 2"), identity=None)
    store.load([row("a"), row("b", 3), twice], 1.0)
    for found in (store.reader.find_by_reference("a"), store.reader.find_by_line(2)):
        assert found is not None
        assert (found[1].line, found[1].status) == (2, Status.PENDING)
        assert [event.status for event in store.reader.events(found[0])] == []
    assert store.reader.find_by_line(5) is None
    assert store.reader.find_by_reference("c") is None


def test_the_event_span_is_from_the_first_event_to_the_last() -> None:
    store = loaded_store("a")
    assert store.reader.event_span() is None
    finish(store, "a", Status.IMPORTED)
    assert store.reader.event_span() == (2.0, 3.0)


def test_reference_ids_near_a_text_are_its_neighbours() -> None:
    assert loaded_store("a", "c", "e", "g").reader.reference_ids_near("d", 1) == ["c", "e"]


def test_records_can_be_limited_to_some_statuses() -> None:
    store = loaded_store("a", "b")
    finish(store, "a", Status.FAILED)
    assert [r.reference_id for r in store.reader.records([Status.FAILED])] == ["a"]


def test_a_database_opened_read_only_is_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    path.touch()
    with pytest.raises(StateError, match="not a state file"):
        Store(path, read_only=True)
    assert path.read_bytes() == b""
    path.unlink()
    Store(path, create=True).close()
    with Store(path, read_only=True) as store, pytest.raises(StateError):
        store.facts.save(facts.MANIFEST.of("x"))


def test_changes_of_a_copy_do_not_change_the_job(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    with Store(path, create=True) as kept:
        kept.load([row("a")], 1.0)
    before = path.read_bytes()
    with Store(path) as kept, kept.copy() as copy:
        finish(copy, "a", Status.FAILED)
        assert copy.reader.counts() == Counts(1, failed=1)
        assert kept.reader.counts() == Counts(1, pending=1)
    assert path.read_bytes() == before


def test_processing_times_are_of_rows_that_one_run_sent_and_saw_online() -> None:
    store = loaded_store("a", "b", "adopted", "failed", "later")
    rows = {r.reference_id: r.row_number for r in store.queue.claim(4, 10.0)}
    for name, end in (("a", 15.0), ("b", 32.0), ("later", 999.0)):
        rows.setdefault(name, store.queue.claim(1, 10.0)[0].row_number if name == "later" else 0)
        store.queue.apply([StatusUpdate(rows[name], Status.PROCESSING, sent_at=12.0)], 12.0)
        store.queue.apply([StatusUpdate(rows[name], Status.IMPORTED)], end)
    store.queue.apply(
        [StatusUpdate(rows["adopted"], Status.IMPORTED, media=Media("m", "k", "adopted"))], 13.0
    )
    store.queue.apply([StatusUpdate(rows["failed"], Status.FAILED, sent_at=12.0)], 14.0)
    assert store.reader.processing_times(10, max_seconds=60.0) == [20.0, 3.0]
    assert store.reader.processing_times(1, max_seconds=60.0) == [20.0]
    assert store.reader.adopted_count() == 1
    assert store.queue.retryable_count() == 1


FOUND_AND_FAILED = (Status.UNKNOWN, Status.PROCESSING, Status.FAILED, Status.PENDING)


@pytest.mark.parametrize(
    ("steps", "count"),
    [
        ([Status.IMPORTED], 0),
        ([Status.UNKNOWN, Status.IMPORTED], 0),
        ([Status.UNKNOWN, Status.CREATING, Status.PROCESSING], 0),
        ([Status.UNKNOWN, Status.CREATING, Status.PROCESSING, Status.IMPORTED], 1),
        ([Status.UNKNOWN, Status.CREATING, Status.UNKNOWN, Status.IMPORTED], 1),
        ([Status.UNKNOWN, Status.PENDING, Status.CREATING, Status.PROCESSING, Status.IMPORTED], 1),
        ([Status.UNKNOWN, Status.PENDING, Status.CREATING, Status.IMPORTED], 0),
        ([*FOUND_AND_FAILED, Status.CREATING, Status.PROCESSING, Status.IMPORTED], 0),
    ],
)
def test_imported_rows_that_were_sent_again_after_an_unclear_answer_are_counted(
    steps: list[Status], count: int
) -> None:
    store = loaded_store("a")
    number = store.queue.claim(1, 10.0)[0].row_number
    answers = (Status.UNKNOWN, Status.PROCESSING)
    previous = Status.CREATING
    for now, status in enumerate(steps, start=11):
        is_answered = previous is Status.CREATING and status in answers
        update = StatusUpdate(number, status, sent_at=float(now) if is_answered else None)
        store.queue.apply([update], float(now))
        previous = status
    assert store.reader.sent_again_count() == count


def test_only_pending_rows_have_expiring_urls() -> None:
    store = Store(None)
    store.load([row("a", 2, expires=50.0), row("b", 3), row("c", 4, expires=40.0)], 1.0)
    assert sorted(store.reader.expiring_urls()) == [(2, 50.0), (4, 40.0)]
    store.queue.claim(1, 2.0)
    assert list(store.reader.expiring_urls()) == [(2, 50.0)]


def test_unfinished_rows_are_sampled_evenly_if_there_are_too_many() -> None:
    store = loaded_store(*(f"r{n:02}" for n in range(20)))
    finish(store, "r03", Status.IMPORTED)
    assert len(store.queue.unfinished(100)) == 19
    assert [r.reference_id for r in store.queue.unfinished(5)] == [
        "r04",
        "r08",
        "r12",
        "r16",
        "r19",
    ]
    assert loaded_store().queue.unfinished(5) == []


def test_a_media_without_a_key_makes_its_row_unknown() -> None:
    """It has no embed code. The next run searches for the media, and never sends the row again."""
    store = loaded_store("a")
    (row,) = store.queue.claim(1, 2.0)
    store.queue.apply(
        [StatusUpdate(row.row_number, Status.IMPORTED, media=Media("m", "", "a"))], 3.0
    )
    (record,) = store.reader.records()
    assert (record.status, record.codes) == (Status.UNKNOWN, (FailureCode.KEY_MISSING,))
    assert "gives no key" in record.error
    assert [each.row_number for each in store.queue.in_flight()] == [row.row_number]
    store.queue.apply(
        [StatusUpdate(row.row_number, Status.IMPORTED, media=Media("m", "k", "a"))], 4.0
    )
    (record,) = store.reader.records()
    assert (record.status, record.key, record.error) == (Status.IMPORTED, "k", "")
