import os
from pathlib import Path

import pytest

from batch_import.errors import UsageError
from batch_import.sources import folder
from batch_import.sources.folder import FolderSource
from batch_import.sources.source import ListedVideo, ListingOptions, SkippedItem

BASE = "https://host.example.com/v/"


def list_folder(root: Path, base_url: str = BASE) -> list[ListedVideo | SkippedItem]:
    return list(FolderSource().videos(f"folder:{root}", ListingOptions(base_url=base_url)))


def videos(root: Path) -> list[ListedVideo]:
    return [item for item in list_folder(root) if isinstance(item, ListedVideo)]


def skipped(root: Path) -> list[SkippedItem]:
    return [item for item in list_folder(root) if isinstance(item, SkippedItem)]


def put(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"video")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a b.mp4", "a%20b.mp4"),
        ("é.mp4", "%C3%A9.mp4"),
        ("50%.mp4", "50%25.mp4"),
        ("a%20b.mp4", "a%2520b.mp4"),
        ("why?.mp4", "why%3F.mp4"),
        ("h#1.mp4", "h%231.mp4"),
        ("“x” 'y' \"z\".mp4", "%E2%80%9Cx%E2%80%9D%20%27y%27%20%22z%22.mp4"),
        ("a+b&c=d.mp4", "a%2Bb%26c%3Dd.mp4"),
        ("a\\b;c:d@e.mp4", "a%5Cb%3Bc%3Ad%40e.mp4"),
        ("line\nbreak.mp4", "line%0Abreak.mp4"),
    ],
)
def test_file_names_are_percent_encoded_in_urls(tmp_path: Path, name: str, path: str) -> None:
    put(tmp_path, name)
    assert [video.url for video in videos(tmp_path)] == [BASE + path]


def test_a_listed_file_has_title_folder_size_and_date(tmp_path: Path) -> None:
    put(tmp_path, "HR & IT/2025/Welcome.v2.MP4")
    os.utime(tmp_path / "HR & IT/2025/Welcome.v2.MP4", (0, 1_700_000_000))
    (video,) = videos(tmp_path)
    assert video.url == f"{BASE}HR%20%26%20IT/2025/Welcome.v2.MP4"
    assert (video.title, video.extension) == ("Welcome.v2", "mp4")
    assert (video.folder, video.path) == ("HR & IT/2025", "HR & IT/2025/Welcome.v2.MP4")
    assert video.size == 5
    assert video.modified_at
    assert video.modified_at.isoformat() == "2023-11-14T22:13:20+00:00"
    assert not video.reference_id


def test_folders_are_sorted(tmp_path: Path) -> None:
    put(tmp_path, "b/2.mp4", "b/1.mp4", "a/1.mp4", "z.mp4")
    assert [video.path for video in videos(tmp_path)] == ["z.mp4", "a/1.mp4", "b/1.mp4", "b/2.mp4"]


def test_a_large_folder_is_sorted_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "_SORTED_ENTRIES", 2)
    put(tmp_path, *(f"{n}.mp4" for n in range(9)), "sub/x.mp4")
    paths = [video.path for video in videos(tmp_path)]
    assert sorted(paths) == sorted([*(f"{n}.mp4" for n in range(9)), "sub/x.mp4"])


def test_symbolic_links_are_reported_and_not_followed(tmp_path: Path) -> None:
    put(tmp_path, "v/a.mp4", "elsewhere/b.mp4")
    (tmp_path / "v/loop").symlink_to(tmp_path / "v")
    (tmp_path / "v/b.mp4").symlink_to(tmp_path / "elsewhere/b.mp4")
    (tmp_path / "v/gone.mp4").symlink_to(tmp_path / "nowhere")
    assert [video.path for video in videos(tmp_path / "v")] == ["a.mp4"]
    links = skipped(tmp_path / "v")
    assert {item.name for item in links} == {"loop", "b.mp4", "gone.mp4"}
    assert all("symbolic link" in item.reason and not item.is_unreadable for item in links)


def test_an_unreadable_folder_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "open/a.mp4", "closed/b.mp4")
    scan = os.scandir

    def refusing(path: str) -> object:
        if "closed" in str(path):
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)  # the tests may run as root
    assert [video.path for video in videos(tmp_path)] == ["open/a.mp4"]
    (item,) = skipped(tmp_path)
    assert item.name == "closed/"
    assert item.is_unreadable
    assert "Permission denied" in item.reason


def test_hidden_and_special_files_are_reported(tmp_path: Path) -> None:
    put(tmp_path, "._a.mp4", ".trash/b.mp4")
    os.mkfifo(tmp_path / "pipe.mp4")
    assert not videos(tmp_path)
    assert {item.name for item in skipped(tmp_path)} == {"._a.mp4", ".trash", "pipe.mp4"}


def test_a_name_that_is_not_utf_8_keeps_its_bytes(tmp_path: Path) -> None:
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.mp4"))).write_bytes(b"video")
    (video,) = videos(tmp_path)
    assert video.url == f"{BASE}caf%E9.mp4"
    assert video.title == "café"


def test_an_impossible_date_is_omitted() -> None:
    assert folder._date(1e18) is None  # noqa: SLF001 - no file system here keeps such a date


def test_a_missing_base_url_or_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="base_url="):
        list_folder(tmp_path, base_url="")
    with pytest.raises(UsageError, match="no such folder"):
        list_folder(tmp_path / "nowhere")
