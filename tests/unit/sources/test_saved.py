"""Saved responses as in the vendors' references: one row per video, a reason for other records."""

import json
import math
import os
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from batch_import.errors import UsageError
from batch_import.sources import best_file, saved
from batch_import.sources.response_videos import videos_in
from batch_import.sources.saved import SavedSource
from batch_import.sources.source import ListedVideo, ListingOptions, SkippedItem, SourceUnreadable

ANSWERS = Path(__file__).parent / "answers"
DATE = datetime(2025, 1, 31, 10, tzinfo=UTC)
SAVED_AT = 1_800_000_000.0
HOUR = 3600.0


@pytest.fixture(autouse=True)
def _buckets_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(best_file, "schemes", lambda: frozenset({"s3"}))


def items(path: Path) -> list[ListedVideo | SkippedItem]:
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(path, folder)
        os.utime(copy, (SAVED_AT, SAVED_AT))
        return list(SavedSource().videos(f"saved:{copy}", ListingOptions()))


VIDEOS = {
    "vimeo.json": [
        ListedVideo(
            "https://player.vimeo.com/progressive_redirect/download/123456789/rendition/source/"
            "Welcome%20final.mov?loc=external&signature=2222456789abcdef0123456789abcdef",
            title="Welcome", reference_id="123456789", extension="mov", size=90_000, duration=95.0,
            description="For new staff", tags=("HR",), folder="People", modified_at=DATE,
            expires_at=datetime(2025, 3, 2, 10, tzinfo=UTC).timestamp(),
        ),
        ListedVideo(
            "https://player.vimeo.com/external/222.hd.mp4?s=0123456789abcdef&profile_id=174",
            title="No original", reference_id="222", extension="mp4", size=4000, duration=5.0,
            modified_at=DATE,
        ),
    ],
    "kaltura.json": [
        ListedVideo(
            "https://cdnapisec.kaltura.com/p/1/sp/100/playManifest/entryId/1_abc/format/download"
            "/protocol/https/flavorParamIds/0",
            title="Town hall", reference_id="1_abc", duration=61.0, description="All staff",
            tags=("hr", "2025"), folder="HR>Meetings", modified_at=DATE,
        )
    ],
    "brightcove.json": [
        ListedVideo(
            "https://bcbolt.akamaized.net/media/1080/main.mp4", title="Safety",
            reference_id="6307222333001", extension="mp4", size=7000, duration=95.123,
            description="Short", tags=("safety", "site"), folder="60a1",
            modified_at=DATE.replace(microsecond=123_000),
        )
    ],
    "brightcove-sources.json": [
        ListedVideo(
            "https://bcbolt.akamaized.net/media/540/Fire%20drill.mp4", extension="mp4", size=100
        )
    ],
    "wistia.json": [
        ListedVideo(
            "https://embed-ssl.wistia.com/deliveries/aa91.bin", title="Onboarding",
            reference_id="jzmku8z83i", extension="mov", size=11_599, duration=20.235,
            description="Day one", folder="HR",
            modified_at=datetime(2025, 1, 31, 17, 55, 5, tzinfo=UTC),
        )
    ],
    "mux.json": [
        ListedVideo(
            "https://master.mux.com/asset1/master.mp4?skid=default"
            "&signature=NjVfYWJjZGVmMDEyMzQ1Njc4OTA",
            title="Keynote", reference_id="asset1", extension="mp4", duration=23.857167,
            modified_at=DATE, expires_at=SAVED_AT + 24 * HOUR,
        ),
        ListedVideo(
            "https://stream.mux.com/pb2/high.mp4", title="Panel", reference_id="asset2",
            extension="mp4", size=100, duration=5.0, modified_at=DATE,
        ),
    ],
    "jw-player.json": [
        ListedVideo(
            "https://cdn.jwplayer.com/videos/nPripu9l-ABCDEF02.mp4", title="Welcome",
            reference_id="nPripu9l", extension="mp4", size=9000, duration=170.0,
            description="Hello", tags=("hr", "new staff"), modified_at=DATE,
        )
    ],
    "jw-player-media.json": [
        ListedVideo(
            "https://videos.example.com/external.mp4", title="External", reference_id="AbCdEf13",
            extension="mp4", description="D", tags=("a", "b"), modified_at=DATE,
        )
    ],
    "cloudinary.json": [
        ListedVideo(
            "https://res.cloudinary.com/demo/video/upload/v1738317600/hr/welcome_2025.mov",
            title="Welcome 2025", reference_id="hr/welcome_2025", extension="mov", size=20_000,
            duration=13.7, tags=("hr",), folder="hr", modified_at=DATE,
        )
    ],
    "dropbox.json": [
        ListedVideo(
            "https://uc1.dl.dropboxusercontent.com/cd/0/get/abc/file", title="Talk",
            reference_id="id:a4ay", extension="mp4", size=7212, folder="HR", modified_at=DATE,
            expires_at=SAVED_AT + 4 * HOUR, path="/HR/Talk.mp4",
        )
    ],
    "yt-dlp.json": [
        ListedVideo(
            "https://lectures.example.edu/1/720.mp4", title="Lecture 1", reference_id="v1",
            extension="mp4", size=3, duration=60.0, description="D", tags=("x",), modified_at=DATE,
        )
    ],
    "s3.xml": [
        ListedVideo(
            "s3://video-archive/hr/Welcome #1.mp4", extension="mp4", size=4000, folder="hr",
            modified_at=DATE, path="hr/Welcome #1.mp4",
        )
    ],
    "youtube.json": [],
    "panopto.json": [],
}  # fmt: skip


@pytest.mark.parametrize("name", VIDEOS)
def test_a_saved_response_has_one_row_per_video(name: str) -> None:
    assert [item for item in items(ANSWERS / name) if isinstance(item, ListedVideo)] == VIDEOS[name]


def test_files_of_graph_expire_after_an_hour_and_are_filtered_by_name() -> None:
    video, other, *_ = items(ANSWERS / "graph.json")
    assert video == ListedVideo(
        "https://contoso.sharepoint.com/_layouts/15/download.aspx?UniqueId=0f&Translate=false"
        "&tempauth=v1.abc.def0123456789&ApiVersion=2.0",
        title="Staff meeting",
        reference_id="01ABCDEF",
        extension="mp4",
        size=555_000,
        duration=3661.0,
        folder="HR videos/2025",
        modified_at=DATE,
        expires_at=SAVED_AT + HOUR,
        path="Staff meeting.mp4",
    )
    assert isinstance(other, ListedVideo)
    assert (other.path, other.extension) == ("Agenda.pdf", "pdf")


def test_a_list_of_a_bucket_is_the_same_in_json_and_xml() -> None:
    video, folder = items(ANSWERS / "s3.json")
    assert [video] == VIDEOS["s3.xml"]
    assert isinstance(folder, ListedVideo)  # the filters skip it, because it has no extension
    assert folder.path == "hr/"


@pytest.mark.parametrize(
    ("name", "item", "words"),
    [
        ("vimeo.json", "No scope", "video_files"),
        ("vimeo.json", "the next page", "Another page follows"),
        ("kaltura.json", "Logo", "not of the media type video"),
        ("kaltura.json", "the next page", "Another page follows"),
        ("brightcove.json", "Without sources", "/videos/ID/sources"),
        ("wistia.json", "Slides", "not of the type Video"),
        ("mux.json", "asset3", "master_access"),
        ("jw-player-media.json", "Hosted", "https://cdn.jwplayer.com/v2/media/ID"),
        ("jw-player-media.json", "the next page", "Another page follows"),
        ("cloudinary.json", "board", "needs a signature"),
        ("graph.json", "2024", "a folder"),
        ("yt-dlp.json", "On YouTube", "Google Takeout"),
        ("youtube.json", "My upload", "Google Takeout"),
        ("panopto.json", "Lecture", "signed in"),
    ],
)
def test_a_record_without_a_video_is_skipped_with_a_reason(
    name: str, item: str, words: str
) -> None:
    skipped = {each.name: each.reason for each in items(ANSWERS / name) if is_skipped(each)}
    assert words in skipped[item]


def is_skipped(item: ListedVideo | SkippedItem) -> bool:
    return isinstance(item, SkippedItem)


def videos(answer: Any) -> list[ListedVideo]:
    found = videos_in(answer, SAVED_AT)
    return [item for item in found if isinstance(item, ListedVideo)]


def test_several_pages_are_read_from_one_file(tmp_path: Path) -> None:
    page = json.loads((ANSWERS / "wistia.json").read_text(encoding="utf-8"))
    (video,) = videos(page)
    assert videos([page, page]) == [video, video]
    assert videos(page[0]) == [video]
    assert videos({"name": "HR", "medias": page}) == [video]
    text = json.dumps(page)
    for name, content in {
        "lines": f"{text}\n{text}\n".encode(),
        "adjacent": f"{text}{text}".encode(),
        "powershell": f"{text}\r\n{text}\r\n".encode("utf-16"),
        "bom": f"{text}\n{text}".encode("utf-8-sig"),
    }.items():
        path = tmp_path / name
        path.write_bytes(content)
        assert [item for item in items(path) if isinstance(item, ListedVideo)] == [video, video]


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        (["360p", "1080p", "720p"], "1080p"),
        (["640x360", "1920x1080"], "1920x1080"),
        (["original", "1080p"], "original"),
        (["SD", "HD"], "SD"),
    ],
)
def test_the_largest_rendition_is_found_by_its_label(files: list[str], chosen: str) -> None:
    sources = [{"file": f"https://h.example/{each}.mp4", "label": each} for each in files]
    (video,) = videos({"mediaid": "1", "title": "T", "sources": sources})
    assert video.url == f"https://h.example/{chosen}.mp4"


def test_an_mp4_file_is_preferred_to_larger_files_of_other_formats() -> None:
    sources = [
        {"file": "https://h.example/a.webm", "height": 2160},
        {"file": "https://h.example/a.mp4", "height": 720},
        {"file": "https://h.example/a.m3u8"},
    ]
    (video,) = videos({"mediaid": "1", "sources": sources})
    assert video.url == "https://h.example/a.mp4"
    (video,) = videos({"mediaid": "1", "sources": sources[:1]})
    assert (video.url, video.extension) == ("https://h.example/a.webm", "webm")
    assert not videos({"mediaid": "1", "sources": sources[2:]})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"a": 1}', "not a saved answer of a known platform"),
        ("[]", "not a saved answer of a known platform"),
        ("", "not a saved answer of a known platform"),
        ("{", "not valid JSON (line 1)"),
        ('{"a":\n]}', "not valid JSON (line 2)"),
        ("[" * 100_000, "not valid JSON"),
        ('{"a": ' + "9" * 5_000 + "}", "not valid JSON"),
        ("<a", "not valid XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "not valid XML"),
        ("<rss/>", "not a saved answer of a known platform"),
    ],
)
def test_other_files_are_refused_in_one_line(content: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SourceUnreadable) as raised:
        items(path)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_unexpected_values_in_known_records_are_ignored() -> None:
    for odd in (None, [], {}, [[]], "x", -1, True, math.nan, 10**400):
        record = dict.fromkeys(
            ("mediaid", "sources", "title", "duration", "pubdate", "tags", "description"), odd
        )
        list(videos_in([record, {"objects": odd, "totalCount": odd}], SAVED_AT))
        record["sources"] = [{"file": "https://h.example/a.mp4", "height": odd, "label": odd}]
        (video,) = videos(record)
        assert video.url == "https://h.example/a.mp4"


def test_a_missing_or_too_large_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        list(SavedSource().videos(f"saved:{tmp_path / 'no.json'}", ListingOptions()))
    monkeypatch.setattr(saved, "_MAX_BYTES", 100)
    with pytest.raises(SourceUnreadable, match="larger than"):
        items(ANSWERS / "vimeo.json")


def kaltura_page(number: int, *entries: dict[str, Any]) -> dict[str, Any]:
    pager = {"pageIndex": number, "pageSize": 2}
    return {"request": {"pager": pager}, "totalCount": 3, "objects": list(entries)}


def kaltura_entry(number: int, *flavors: dict[str, Any], status: str = "ready") -> dict[str, Any]:
    return {
        "id": f"e{number}",
        "name": f"Video {number}",
        "mediaType": 1,
        "status": status,
        "downloadUrl": f"https://h/raw/{number}",
        "flavorAssets": [
            {"id": f"f{at}", "status": "ready", "fileExt": "mp4", **flavor}
            for at, flavor in enumerate(flavors)
        ],
    }


def test_flavors_of_kaltura_are_files_of_their_entry() -> None:
    page = kaltura_page(
        1,
        kaltura_entry(1, {"url": "https://h/1/a", "height": 720}, {"url": "https://h/1/b.m3u8"}),
        kaltura_entry(2, {"url": "https://h/2/a", "isOriginal": True, "status": "deleted"}),
        kaltura_entry(3, {"url": "https://h/3/a"}, status="error"),
        kaltura_entry(
            4,
            {"url": "https://h/4/a", "isOriginal": True, "fileExt": "mov"},
            {"url": "https://h/4/b"},
        ),
    )
    first, second, third, fourth = videos_in(page, SAVED_AT)
    assert isinstance(first, ListedVideo)
    assert (first.url, first.extension, first.reference_id) == ("https://h/1/a", "mp4", "e1")
    assert isinstance(second, SkippedItem)
    assert "None of its flavorAssets" in second.reason
    assert isinstance(third, SkippedItem)
    assert isinstance(fourth, ListedVideo)
    assert (fourth.url, fourth.extension) == ("https://h/4/a", "mov")


def test_no_next_page_is_reported_if_all_pages_are_in_the_file() -> None:
    entries = [kaltura_entry(n, {"url": f"https://h/{n}.mp4"}) for n in range(3)]
    pages = [kaltura_page(1, *entries[:2]), kaltura_page(2, *entries[2:])]
    without_pager = [
        {name: value for name, value in page.items() if name != "request"} for page in pages
    ]
    for response in (pages, pages[1], without_pager):
        assert all(isinstance(item, ListedVideo) for item in videos_in(response, SAVED_AT))
    *_, last = videos_in(pages[0], SAVED_AT)
    assert isinstance(last, SkippedItem)
    cursors = [
        {"data": [{"uri": "/videos/1", "name": "A"}], "paging": {"next": "/p2"}},
        {"data": [{"uri": "/videos/2", "name": "B"}], "paging": {"next": None}},
    ]
    assert len(list(videos_in(cursors, SAVED_AT))) == 2


def test_the_error_for_an_unknown_platform_names_members_with_urls(tmp_path: Path) -> None:
    path = tmp_path / "pages.json"
    path.write_text(json.dumps([{"totalCount": 9, "objects": [{"clips": [{"u": "https://h/x"}]}]}]))
    with pytest.raises(SourceUnreadable, match="Known platforms: Vimeo, Kaltura") as caught:
        list(SavedSource().videos(f"saved:{path}", ListingOptions()))
    assert "It has URLs in objects.clips.u." in caught.value.hint
