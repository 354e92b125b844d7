from datetime import UTC, datetime

import pytest

from batch_import.sources.filters import ListingFilter, SkippedItems, path_of
from batch_import.sources.source import ListedVideo, SkippedItem


def video(url: str = "https://h.example/a.mp4", **more: object) -> ListedVideo:
    return ListedVideo(url, **more)  # type: ignore[arg-type]


def file(path: str, **more: object) -> ListedVideo:
    return video(f"https://h.example/{path}", path=path, **more)


def reason(listed: ListedVideo, **filters: object) -> str:
    return ListingFilter(**filters).reason_finder()(listed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.mp4", ""),
        ("A.MOV", ""),
        ("a.jpg", ".jpg is a picture"),
        ("a.m4v", "Convert the .m4v file to mp4"),
        ("a.xyz", ".xyz is not known as a video"),
        ("README", "without an extension"),
        ("v1.2/README", "without an extension"),
    ],
)
def test_only_files_of_known_video_formats_are_listed(path: str, expected: str) -> None:
    assert expected in reason(file(path))
    assert bool(reason(file(path))) == bool(expected)


def test_a_key_of_a_bucket_is_filtered_as_a_file() -> None:
    assert not reason(video("s3://bucket/a/b.mp4"))
    assert "without an extension" in reason(video("s3://bucket/a/b"))


def test_urls_of_a_catalogue_need_no_extension() -> None:
    assert not reason(video("https://h.example/watch?v=1"))
    assert not reason(video("https://h.example/files/a.bin", extension="mp4"))
    assert "a sound file" in reason(video("https://h.example/a.mp3"))


@pytest.mark.parametrize(
    ("patterns", "path", "is_listed"),
    [
        (["*.mp4"], "talks/A.MP4", True),
        (["*.mp4"], "a.mov", False),
        (["*.mp4", "*.mov"], "a.mov", True),
        (["talks/*"], "talks/2025/a.mp4", True),
        (["talks/*"], "other/a.mp4", False),
        (["*.xyz"], "a.xyz", True),
        (["[ab].mp4"], "b.mp4", True),
    ],
)
def test_include_patterns_replace_the_known_extensions(
    patterns: list[str],
    path: str,
    is_listed: bool,  # noqa: FBT001
) -> None:
    assert bool(reason(file(path), include=patterns)) != is_listed


def test_patterns_are_compared_with_the_decoded_path_of_a_url() -> None:
    assert path_of(video("https://h.example/a%20b/c.mp4?token=x#t")) == "a b/c.mp4"
    assert path_of(video("s3://bucket/a%20b/c?.mp4")) == "a%20b/c?.mp4"


def test_videos_are_filtered_by_size_and_date() -> None:
    early, late = (datetime(2025, month, 1, tzinfo=UTC) for month in (1, 3))
    since = datetime(2025, 2, 1, tzinfo=UTC).timestamp()
    assert "since" in reason(file("a.mp4", modified_at=early), since=since)
    assert not reason(file("a.mp4", modified_at=late), since=since)
    assert not reason(file("a.mp4"), since=since)
    assert "min_size" in reason(file("a.mp4", size=9), min_size=10)
    assert not reason(file("a.mp4", size=10), min_size=10)
    assert not reason(file("a.mp4"), min_size=10)


def test_skipped_items_are_counted_by_reason() -> None:
    skipped = SkippedItems()
    for n in range(5):
        skipped.add(SkippedItem(f"{n}.jpg", "a picture"))
    skipped.add(SkippedItem("x/", "closed", is_unreadable=True))
    unreadable, pictures = skipped.groups()
    assert (unreadable.count, unreadable.is_unreadable) == (1, True)
    assert (pictures.count, pictures.examples) == (5, ["0.jpg", "1.jpg", "2.jpg"])


def test_the_number_of_reasons_is_limited_and_all_items_are_counted() -> None:
    skipped = SkippedItems()
    for n in range(1_000):
        skipped.add(SkippedItem(f"a.{n}", f"reason {n}"))
    assert len(skipped.groups()) < 200
    assert sum(group.count for group in skipped.groups()) == 1_000
