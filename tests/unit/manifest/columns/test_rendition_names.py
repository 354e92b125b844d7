"""Which columns contain renditions of the same video, by the names of the columns."""

import pytest

from batch_import.manifest.columns.rendition_names import are_renditions, rendition_of


@pytest.mark.parametrize(
    ("heading", "other"),
    [
        ("assets.videos.source", "assets.videos.240p"),
        ("assets.videos.source", "1080p"),
        ("url", "url_hd"),
        ("url_sd", "url-HD"),
        ("Download", "Download (1080 px)"),
        ("mp4_720", "mp4_1080"),
        ("Master", "HD"),
        ("sourceUrl", "url_low"),
    ],
)
def test_headings_of_renditions_of_one_video(heading: str, other: str) -> None:
    assert are_renditions(heading, other)


@pytest.mark.parametrize(
    ("heading", "other"),
    [
        ("url", "trailer"),
        ("Link 1", "Link 2"),
        ("url", "trailer_hd"),
        ("video", "url"),
        ("url_hd", "url"),
    ],
)
def test_headings_of_different_videos(heading: str, other: str) -> None:
    assert not are_renditions(heading, other)


def test_the_best_rendition_is_the_original_then_the_largest() -> None:
    names = ["mobile", "240p", "SD", "hd", "1080p", "4320p", "high", "source"]
    found = [rendition_of(name) for name in names]
    qualities = [name.quality for name in found if name]
    assert len(qualities) == len(names)
    assert qualities == sorted(qualities)
