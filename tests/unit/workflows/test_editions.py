"""Edited manifests: the same videos stay the same rows."""

import csv
import random
import threading
import unicodedata
from pathlib import Path
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st
from signed_addresses import FILES, sign

from batch_import.configuration.request import ImportRequest
from batch_import.configuration.settings import ReadingOptions
from batch_import.models import Media, Status, StatusUpdate
from batch_import.state.store import Store
from batch_import.workflows.load import update_job
from batch_import.workflows.load_result import LoadResult
from batch_import.workflows.validated_manifest import ValidatedManifest

#: URLs that people's tools spell in many ways; each URL is another video.
PLAIN = (
    "https://cdn.example.com/films/My Video.mp4",
    "https://cdn.example.com/films/Caf\u00e9 (2).mp4",
    "http://Media.Example.com/a/../b/1.mp4",
    "https://media.example.com:443/c/2.mp4",
    "https://m\u00fcnchen.example.com/3.mp4",
    "https://cdn.example.com/4.mp4?v=1&lang=en",
)


def respelled(dice: random.Random, url: str) -> str:
    """Return the same URL, spelled as by another tool."""
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    if dice.random() < 0.5:
        path = unicodedata.normalize(dice.choice(("NFC", "NFD")), path)
    if dice.random() < 0.5:
        path = quote(path, safe="/?&=%()~:;,@!*+$'")
    if dice.random() < 0.5:
        host = host.upper() if host.isascii() else host
    if dice.random() < 0.3 and "?" not in path:
        path += "#t=10"
    if dice.random() < 0.3:
        scheme = scheme.upper()
    return f"{scheme}://{host}/{path}"


def write_version(dice: random.Random, schemes: list[str], signature: int, path: Path) -> None:
    """Write the manifest again: new signatures, other spelling, other order, other columns."""
    rows = [
        {"sourceUrl": sign(scheme, signature, f"video-{n}").url, "filename": f"Signed {n}"}
        for n, scheme in enumerate(schemes)
    ]
    rows += [
        {"sourceUrl": respelled(dice, url), "filename": f"Plain {n}"} for n, url in enumerate(PLAIN)
    ]
    if dice.random() < 0.5:
        for row in rows:
            row["referenceId"] = "own " + row["filename"]
    for name in ("team", "year", ""):
        if dice.random() < 0.5:
            for row in rows:
                row[name] = dice.choice("xyz")
    header = list(rows[0])
    dice.shuffle(header)
    dice.shuffle(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows([row[name] for name in header] for row in rows)


def load_manifest(store: Store, path: Path) -> LoadResult:
    request = ImportRequest(
        path, reading=ReadingOptions(default={"extension": "mp4"}), folder=path.parent
    )
    manifest = ValidatedManifest(request, 1.0, threading.Event(), lambda _: None)
    return update_job(store, manifest)


def import_some(store: Store, dice: random.Random) -> None:
    """Import some of the pending rows."""
    claimed = store.queue.claim(dice.randint(1, 20), 2.0)
    store.queue.apply(
        [
            StatusUpdate(
                row.row_number,
                Status.IMPORTED,
                sent_at=2.0,
                media=Media(f"m-{row.row_number}", f"k-{row.row_number}", row.reference_id),
            )
            for row in claimed
        ],
        2.0,
    )


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.lists(st.sampled_from(FILES), max_size=6), st.integers(2, 5))
def test_no_new_version_with_the_same_videos_changes_rows(
    tmp_path_factory: object, seed: int, schemes: list[str], version_count: int
) -> None:
    dice = random.Random(seed)
    path = tmp_path_factory.getbasetemp() / f"edition-{seed % 7}.csv"  # type: ignore[attr-defined]
    keys: dict[str, str] = {}
    with Store(None) as store:
        for number in range(version_count):
            write_version(dice, schemes, seed + number, path)
            result = load_manifest(store, path)
            if result.diff:
                assert (result.diff.added.count, result.diff.removed.count) == (0, 0)
            records = list(store.reader.records())
            assert len(records) == len(schemes) + len(PLAIN)
            assert {record.status for record in records} <= {Status.PENDING, Status.IMPORTED}
            assert keys.items() <= {record.filename: record.key for record in records}.items()
            import_some(store, dice)
            keys = {r.filename: r.key for r in store.reader.records() if r.key}


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.integers(2, 8), st.integers(1, 8))
def test_rows_whose_urls_differ_only_in_the_signature_are_held(
    tmp_path_factory: object, seed: int, count: int, sent: int
) -> None:
    dice = random.Random(seed)
    path = tmp_path_factory.getbasetemp() / f"shared-{seed % 7}.csv"  # type: ignore[attr-defined]
    scheme = dice.choice(FILES)

    def write(first: int) -> None:
        urls = [(sign(scheme, first + n, "one").url, f"T{n}") for n in range(count)]
        dice.shuffle(urls)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("sourceUrl", "filename"), *urls])

    with Store(None) as store:
        write(seed)
        load_manifest(store, path)
        claimed = store.queue.claim(min(sent, count), 2.0)
        store.queue.apply(
            [StatusUpdate(r.row_number, Status.IMPORTED, sent_at=2.0) for r in claimed], 2.0
        )
        write(seed + 50)
        assert load_manifest(store, path).held_rows.count == count
        assert store.queue.claimable_count() == 0
        assert store.reader.counts().imported == len(claimed)
