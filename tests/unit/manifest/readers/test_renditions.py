"""Several files in one object: which of them is imported."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from batch_import.manifest.read import open_manifest
from batch_import.manifest.readers.renditions import choose_file

U = "https://h/{}.mp4"


def files(*more: dict[str, str]) -> list[dict[str, str]]:
    return [{"src": U.format(at), **cells} for at, cells in enumerate(more)]


@pytest.mark.parametrize(
    ("renditions", "expected"),
    [
        (files({"height": "360"}, {"height": "1080"}), 1),
        (files({"quality": "1080p"}, {"quality": "720p"}), 0),
        (files({"resolution": "640x360"}, {"resolution": "1920 x 1080"}), 1),
        (files({"file_size": "9000"}, {"file_size": "10000"}), 1),
        (files({"label": "low"}, {"label": "Original"}), 1),
        (files({"isOriginal": "true"}, {"isOriginal": "false"}), 0),
        (files({"height": "720", "bitrate": "900"}, {"height": "720", "bitrate": "1800"}), 1),
        (files({"height": "720"}, {"height": "720"}), None),
        (files({"height": "720"}, {}), None),
        (files({}, {}), None),
        ([{"src": "https://h/x.m3u8"}, {"src": U.format(1), "height": "720"}], 1),
        ([{"src": "https://h/x.m3u8"}, {"src": U.format(1)}], None),
    ],
)
def test_the_original_or_the_largest_file_is_chosen(
    renditions: list[dict[str, str]], expected: int | None
) -> None:
    assert choose_file(renditions) == expected


@pytest.mark.parametrize("suffix", ["json", "jsonl", "yaml"])
def test_several_files_of_a_video_are_one_row(read: Callable, suffix: str) -> None:
    videos = [
        {
            "id": f"v{number}",
            "name": f"Video {number}",
            "files": [
                {"link": U.format(f"{number}-{height}"), "height": height}
                for height in (360, 1080, 720)
            ],
        }
        for number in range(3)
    ]
    text = "\n".join(map(json.dumps, videos)) if suffix == "jsonl" else json.dumps(videos)
    found = read(text, f"m.{suffix}")
    place = [found.header.index(name) for name in ("link", "name", "id")]
    assert [[cells[at] for at in place] for cells in found.cells] == [
        [U.format(f"{number}-1080"), f"Video {number}", f"v{number}"] for number in range(3)
    ]
    assert not found.faults


def test_several_files_without_a_difference_are_problems(read: Callable) -> None:
    content = [{"title": "A", "files": [{"url": U.format(1)}, {"url": U.format(2)}]},
               {"title": "B", "files": [{"url": U.format(3)}]}]  # fmt: skip
    found = read(json.dumps(content, indent=0), "m.json")
    assert len(found.rows) == 3
    assert sorted(found.faults.values()) == ["renditions", "renditions"]


def test_objects_with_titles_of_their_own_are_different_videos(read: Callable) -> None:
    files = [{"url": U.format(1), "name": "1"}, {"url": U.format(2), "name": "2"}]
    found = read(json.dumps([{"title": "Series", "videos": files}]), "m.json")
    assert not found.faults
    assert found.header == ["url", "name", "parent.title"]


def test_the_keys_of_an_object_of_objects_are_ids(tmp_path: Path) -> None:
    for name, text in {
        "m.json": json.dumps({"a": {"v1": {"url": U.format(1)}, "v2": {"url": U.format(2)}}}),
        "m.yaml": f"a:\n  v1:\n    url: {U.format(1)}\n  v2:\n    url: {U.format(2)}\n",
    }.items():
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        manifest = open_manifest(path)
        assert manifest.header == ("key", "url")
        (chunk,) = manifest.chunks()
        assert chunk.frame[0].tolist() == ["v1", "v2"]
        assert manifest.format_description.endswith("records at a.*")


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_nested_objects_of_an_object_of_objects_are_columns(read: Callable, suffix: str) -> None:
    videos = {f"v{n}": {"title": f"Video {n}", "file": {"url": U.format(n)}} for n in range(150)}
    found = read(json.dumps(videos), f"m.{suffix}")
    assert found.header == ["key", "title", "file.url"]
    assert found.cells == [[f"v{n}", f"Video {n}", U.format(n)] for n in range(150)]
