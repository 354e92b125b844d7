"""Rows without IDs are recognized in an edited manifest, however it was edited."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signed_addresses import SCHEMES, sign

from batch_import.addresses.signatures import strip_signature
from batch_import.addresses.urls import canonical_url
from batch_import.manifest.reference import generate_reference_id
from batch_import.models import ManifestRow
from batch_import.state.store import Store


def row(line: int, url: str, title: str = "T") -> ManifestRow:
    reference, plain = generate_reference_id(url), strip_signature(url)
    return ManifestRow(
        line, reference, reference, url, title, "mp4", (), has_own_id=False,
        address=canonical_url(url), stripped_address=plain,
        stripped_reference=generate_reference_id(plain),
    )  # fmt: skip


def rows(*urls: str) -> list[ManifestRow]:
    return [row(line, url, f"T {url[-3:]}") for line, url in enumerate(urls, start=2)]


def references(store: Store) -> dict[str, str]:
    return {record.source_url: record.reference_id for record in store.reader.records()}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_manifest_with_new_signatures_in_another_order_changes_no_row(scheme: str) -> None:
    before = [sign(scheme, n, f"lesson-{n}").url for n in range(5)]
    after = [sign(scheme, n + 50, f"lesson-{n}").url for n in range(5)]
    with Store(None) as store:
        store.load([row(n, url) for n, url in enumerate(before, 2)], 1.0)
        first = references(store)
        mixed = [row(n, after[n]) for n in (3, 1, 4, 0, 2)]
        diff = store.load(mixed, 2.0)
        assert (diff.added.count, diff.removed.count) == (0, 0)
        again = references(store)
        assert [again[url] for url in after] == [first[url] for url in before]


def test_urls_that_differ_only_in_their_token_are_different_rows() -> None:
    url = "https://files.example.com/download?token="
    with Store(None) as store:
        store.load(rows(f"{url}aaa", f"{url}bbb", f"{url}ccc"), 1.0)
        before = references(store)
        diff = store.load(rows(f"{url}zzz", f"{url}aaa", f"{url}bbb", f"{url}ccc"), 2.0)
        assert (diff.added.count, diff.removed.count) == (1, 0)
        assert before.items() <= references(store).items()
        assert len(set(references(store).values())) == 4


def test_a_reference_id_is_made_of_the_url_without_signature_if_it_is_unique() -> None:
    url = "https://files.example.com/a.mp4"
    with Store(None) as store:
        store.load(rows(f"{url}?token=1"), 1.0)
        assert list(references(store).values()) == [generate_reference_id(url)]


def test_a_new_row_never_gets_the_reference_id_of_another_row() -> None:
    url = "https://files.example.com/a.mp4"
    with Store(None) as store:
        store.load(rows(f"{url}?token=1"), 1.0)
        store.load(rows(f"{url}?token=2"), 2.0)
        diff = store.load(rows(f"{url}?token=2", f"{url}?token=1", url), 3.0)
        assert (diff.added.count, diff.removed.count) == (2, 0)
        assert len(set(references(store).values())) == 3


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(1, 4))
def test_edits_of_known_rows_change_no_reference_id(
    seed: int, count: int, version_count: int
) -> None:
    random_ = random.Random(seed)
    schemes = [random_.choice(SCHEMES) for _ in range(count)]
    known: dict[int, str] = {}
    with Store(None) as store:
        for version in range(version_count):
            order = random_.sample(range(count), count)
            urls = {n: sign(schemes[n], seed + version, f"video-{n}").url for n in order}
            store.load([row(line, urls[n], f"T {n}") for line, n in enumerate(order, 2)], 1.0)
            now = references(store)
            assert len(now) == count
            for n in order:
                assert known.setdefault(n, now[urls[n]]) == now[urls[n]]
