"""Arrays of renditions: one row per video, whatever IDs the renditions have."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import ManifestError
from batch_import.manifest.read import open_manifest

ANSWERS = Path(__file__).parents[2] / "sources" / "answers"
HLS = "https://media.example.com/{}/master.m3u8"


def flavor(video: int, number: int, **members: Any) -> dict[str, Any]:
    ident = f"f{video}-{number}"
    return {
        "id": ident,
        "height": 240 * number,
        "status": "ready",
        "url": f"https://media.example.com/{ident}.mp4",
        **members,
    }


def entry(number: int, *flavors: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {
        "id": f"e{number}",
        "name": f"Video {number}",
        **members,
        "flavorAssets": [flavor(number, 0, url=HLS.format(number)), *flavors],
    }


def rows(content: Any, path: Path, **options: Any) -> list[tuple[str, str, str]]:
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return rows_of(path, "url", "name", "id", **options)


def rows_of(path: Path, *names: str, **options: Any) -> list[tuple[str, ...]]:
    manifest = open_manifest(path, ReadingOptions(**options))
    positions = [manifest.header.index(name) for name in names]
    return [
        tuple(cells[position] for position in positions)
        for chunk in manifest.chunks()
        for cells in chunk.frame.to_numpy().tolist()
    ]


def expected(number: int, flavor: str) -> tuple[str, str, str]:
    url = f"https://media.example.com/f{number}-{flavor}.mp4" if flavor else ""
    return url, f"Video {number}", f"e{number}"


def test_a_video_is_one_row_with_its_own_id_and_its_best_usable_file(tmp_path: Path) -> None:
    entries = [
        entry(1, flavor(1, 1), flavor(1, 4), flavor(1, 2)),
        entry(2, flavor(2, 1, isOriginal=True), flavor(2, 4)),
        entry(3, flavor(3, 1), flavor(3, 4, status="error"), flavor(3, 2)),
        entry(4, flavor(4, 1, isOriginal=True, status="deleted"), flavor(4, 2)),
        entry(5, flavor(5, 1, url=None, isOriginal=True), flavor(5, 3)),
    ]
    pages = [{"objects": entries[:3]}, {"objects": entries[3:]}]
    assert rows(pages, tmp_path / "m.json") == [
        expected(1, "4"),
        expected(2, "1"),
        expected(3, "2"),
        expected(4, "2"),
        expected(5, "3"),
    ]


def test_a_video_without_a_usable_file_is_still_a_row(tmp_path: Path, read: Callable) -> None:
    entries = [
        entry(1, flavor(1, 1), flavor(1, 2)),
        {"id": "e2", "name": "Video 2", "flavorAssets": []},
        {"id": "e3", "name": "Video 3", "flavorAssets": [flavor(3, 1, status="error")]},
    ]
    path = tmp_path / "m.json"
    assert rows({"objects": entries}, path) == [expected(1, "2"), expected(2, ""), expected(3, "")]
    assert list(read(path).faults.values()) == ["renditions"]


def test_a_numeric_id_of_a_video_is_kept(tmp_path: Path) -> None:
    entries = [entry(n, flavor(n, 1), flavor(n, 2)) | {"id": n} for n in (7, 8)]
    found = rows({"objects": entries}, tmp_path / "m.json")
    assert [ident for _, _, ident in found] == ["7", "8"]


def test_renditions_in_several_arrays_are_compared(tmp_path: Path) -> None:
    entries = [
        {
            "id": f"e{n}",
            "name": f"Video {n}",
            "files": [flavor(n, 1), flavor(n, 2)],
            "download": [flavor(n, 3), flavor(n, 4, quality="source", height=100)],
        }
        for n in (1, 2)
    ]
    assert rows(entries, tmp_path / "m.json") == [expected(1, "4"), expected(2, "4")]


def test_objects_of_different_durations_are_different_videos(tmp_path: Path) -> None:
    course = entry(1, flavor(1, 1, duration=61), flavor(1, 2, duration=345))
    course["flavorAssets"].pop(0)
    found = rows([course], tmp_path / "m.json")
    assert [ident for _, _, ident in found] == ["f1-1", "f1-2"]


def unclear() -> dict[str, Any]:
    """Return objects with IDs and different sizes, in an array whose name is no hint."""
    return {
        "objects": [
            {"id": f"e{n}", "name": f"Video {n}", "parts": [flavor(n, 1), flavor(n, 2)]}
            for n in (1, 2)
        ]
    }


def test_the_user_chooses_if_it_is_unclear_whether_objects_are_renditions(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    with pytest.raises(ManifestError, match="versions of 2 videos, or 4 videos") as caught:
        rows(unclear(), path)
    assert "objects.parts" in caught.value.hint
    by_video = rows(unclear(), path, records="objects")
    assert by_video == [expected(1, "2"), expected(2, "2")]
    by_file = rows_of(path, "id", records="objects.parts")
    assert by_file == [("f1-1",), ("f1-2",), ("f2-1",), ("f2-2",)]


@pytest.mark.parametrize(
    ("file", "names", "first"),
    [
        ("brightcove.json", ("src", "id"), ("media/1080/main.mp4", "6307222333001")),
        ("wistia.json", ("url", "id"), ("deliveries/aa91.bin", "24050105")),
        ("yt-dlp.json", ("url", "id"), ("1/720.mp4", "v1")),
        ("jw-player.json", ("file", "mediaid"), ("nPripu9l-ABCDEF02.mp4", "nPripu9l")),
    ],
)
def test_renditions_of_saved_responses_are_one_row(
    file: str, names: tuple[str, ...], first: tuple[str, str]
) -> None:
    url, ident = rows_of(ANSWERS / file, *names)[0]
    assert url.endswith(first[0])
    assert ident == first[1]


def test_the_best_file_of_vimeo_is_the_download_of_the_source() -> None:
    links = [link for (link,) in rows_of(ANSWERS / "vimeo.json", "link")]
    assert [("rendition/source" in link, bool(link)) for link in links] == [
        (True, True),
        (False, True),
        (False, False),
    ]


# Any nesting ----------------------------------------------------------------------------------

ENTRIES = st.lists(
    st.lists(st.sampled_from(["ready", "error"]), max_size=4), min_size=1, max_size=12
)
#: How the entries are enclosed: in an object, in a page of an array, or in named categories.
OUTSIDE: list[Callable[[list[Any]], Any]] = [
    lambda entries: entries,
    lambda entries: {"totalCount": len(entries), "objects": entries},
    lambda entries: [{"page": 1, "objects": entries[:5]}, {"page": 2, "objects": entries[5:]}],
    lambda entries: {"categories": [{"name": "All", "id": "c1", "videos": entries}]},
]
#: How the renditions are enclosed in their entry.
INSIDE: list[Callable[[list[Any]], dict[str, Any]]] = [
    lambda flavors: {"flavorAssets": flavors},
    lambda flavors: {"assets": {"count": len(flavors), "files": flavors}},
]


@settings(max_examples=150, deadline=None)
@given(statuses=ENTRIES, outside=st.sampled_from(OUTSIDE), inside=st.sampled_from(INSIDE))
def test_there_is_one_row_per_entry_in_any_nesting(
    statuses: list[list[str]],
    outside: Callable[[list[Any]], Any],
    inside: Callable[[list[Any]], dict[str, Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    # The first entry shows that the array has renditions, whatever the other entries have.
    every = [["ready", "ready", "ready"], *statuses]
    entries = [
        {"id": f"e{n}", "name": f"Video {n}"}
        | inside([flavor(n, at, status=status) for at, status in enumerate(each, 1)])
        for n, each in enumerate(every)
    ]
    best = [max((at for at, s in enumerate(each, 1) if s == "ready"), default=0) for each in every]
    found = rows(outside(entries), tmp_path_factory.mktemp("manifest") / "m.json")
    assert found == [expected(n, str(at) if at else "") for n, at in enumerate(best)]
