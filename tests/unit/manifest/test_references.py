"""Rows with a reference to a file in cloud storage."""

import csv
from pathlib import Path

import pytest
from signed_storage import ODD_KEYS

from batch_import.configuration.settings import ReadingOptions
from batch_import.manifest.columns.mapping import first_chunk_with_url, map_columns
from batch_import.manifest.read import open_manifest
from batch_import.manifest.validate import Validator
from batch_import.models import ManifestRow, Problem


def rows_and_problems(path: Path, urls: list[str]) -> tuple[list[ManifestRow], list[Problem]]:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = [["link", "title"], *([url, f"Video {n}"] for n, url in enumerate(urls))]
        csv.writer(file).writerows(rows)
    manifest = open_manifest(path, ReadingOptions())
    mapping = map_columns(manifest.header, first_chunk_with_url(manifest.chunks()), {})
    signed = {"s3", "az", "gs"}.__contains__
    validator = Validator(mapping, manifest.header, now=1.0, is_signed_scheme=signed)
    found = [validator.check(chunk) for chunk in manifest.chunks()]
    rows_found = [row for rows, _ in found for row in rows]
    return rows_found, [problem for _, problems in found for problem in problems]


@pytest.mark.parametrize("location", ["s3://videos", "az://account/videos", "gs://videos"])
def test_references_with_unusual_keys_are_valid_beside_web_urls(
    location: str, tmp_path: Path
) -> None:
    references = [f"{location}/{key}" for key in ODD_KEYS]
    web = [f"https://videos.example.com/{n}.mp4" for n in range(len(ODD_KEYS))]
    rows, problems = rows_and_problems(tmp_path / "m.csv", [*references, *web])
    assert problems == []
    assert [row.source_url for row in rows[: len(references)]] == references
    assert {row.extension for row in rows} == {"mp4"}
    assert len({row.reference_id for row in rows}) == len(rows)


def test_a_reference_and_a_signed_url_of_one_file_are_one_video(tmp_path: Path) -> None:
    signed = f"https://videos.s3.eu-west-1.amazonaws.com/a%20b.mp4?X-Amz-Signature={'ab' * 32}"
    rows, problems = rows_and_problems(tmp_path / "m.csv", ["s3://videos/a b.mp4", signed])
    assert [problem.code for problem in problems] == ["duplicate-video"]
    assert rows[0].stripped_address == rows[1].stripped_address


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("s3://videos", "url-reference"),
        ("s3:///a.mp4", "url-reference"),
        ("s3://my bucket/a.mp4", "url-reference"),
        ("az://host.example?/videos/a.mp4", "url-reference"),
        ("s3://videos/folder/", "url-reference"),
        ("az://account/video.mp4", "url-reference"),
        ("gs://videos/a\u200b.mp4", "url-characters"),
        ("s3://videos/stream.m3u8", "url-playlist"),
        ("b2://videos/a.mp4", "url-scheme"),
    ],
)
def test_an_invalid_reference_has_a_code(url: str, code: str, tmp_path: Path) -> None:
    _, problems = rows_and_problems(tmp_path / "m.csv", [url, "s3://videos/good.mp4"])
    assert code in {problem.code for problem in problems if problem.line == 2}
