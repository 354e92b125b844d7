"""Counts the manifests whose columns the program recognizes.

The cases are one small manifest per heading below, with usual values under it, and the manifests in
`tests/manifests/`, which people have published. With `--before REVISION`, an earlier version of the
package is measured, too. Prints a Markdown table, and each case that is not recognized.
"""
# ruff: noqa: T201 - a command, which prints its table

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import RunFault
from batch_import.manifest.columns import mapping as columns_of
from batch_import.manifest.read import open_manifest

REPOSITORY = Path(__file__).parents[2]
MANIFESTS = REPOSITORY / "tests" / "manifests"
#: Number of rows of a small manifest; at most the number of subjects.
ROWS = 12

#: Headings that people use for the URL of a video.
URLS = """
Video Link|Video URL|mp4|MP4 URL|Download URL|Download Link|Download|file_url
|File URL|FileLink|Media URL|media|href|Link to video|Link to recording|Recording
|Recording URL|Recording link|Source File|source_video|asset_url|Asset|Original URL
|originalUrl|videoUrl|video_file_url|Playback URL|Direct link|S3 URL|S3 Path
|CDN URL|cdnLink|public link|Share link|enclosure|media:content|content_url
|HD Video|Web address|Address|Location|Clip|Vidéo|Lien|Lien vidéo|URL de la vidéo
|Enlace|Enlace de descarga|Adresse|Videolink|Datei|Videodatei|Collegamento|Ссылка
|链接|視頻網址|動画URL|동영상 링크
"""
#: Headings that people use for the title.
TITLES = """
Video Name|Video Title|Titre|Titre de la vidéo|Titel|Videotitel|Título
|Título del video|Titolo|Titulo|Name of video|Session Title|Session|Session name
|Lecture|Lecture Title|Talk|Talk title|Event|Event Name|Clip Name|Asset Name
|Asset title|Display Name|displayName|Label|Subject|Topic|Heading|Headline
|Program Title|Episode|Episode Title|Nom|Nombre|Bezeichnung|Naam|Название|标题|視頻名稱
|タイトル|제목
"""
#: Headings that people use for their own ID of a video.
IDS = """
uuid|UUID|External ID|external_id|entry_id|Entry ID|entryId|Asset ID|assetId
|Asset Number|Media ID|mediaid|Video ID|videoid|Content ID|content_id|Clip ID
|Reference|Reference ID|Reference Number|Ref|Ref No.|ref_code|External Reference
|Code|Video code|Catalogue Number|Catalog No|Accession Number|Item ID|item_number
|Record ID|Unique ID|GUID|Identifier|SKU|Key|Asset Key|Barcode|Kennung
|Videonummer|Identifiant|Código|Номер|编号
"""


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.replace("\n", "").split("|")]


_SUBJECTS = ("Safety", "Baking", "Cycling", "Tax", "Gardens", "Robots", "Chess", "Rivers", "Jazz",
             "Glaciers", "Bees", "Harbours")  # fmt: skip
Row = dict[str, str]


def _row(number: int) -> Row:
    """Return the cells of a row: kind of a column → value."""
    return {
        "url": f"https://media.example.com/library/{number:04}.mp4",
        "title": f"{_SUBJECTS[number]} for beginners",
        "id": f"AB-{1000 + 37 * number}",
        "department": ("People", "Sales")[number % 2],
        "published": f"2024-03-{number + 1:02}",
    }


def _write(path: Path, headings: dict[str, str]) -> None:
    """Write a manifest with these columns: kind of a column → its heading."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(headings.values())
        writer.writerows([_row(number)[kind] for kind in headings] for number in range(ROWS))


def _is_heading_recognized(folder: Path, kind: str, heading: str) -> bool:
    usual = {"title": "Title", "url": "URL", "department": "Department", "published": "Published"}
    headings = {**usual, kind: heading}
    path = folder / "manifest.csv"
    _write(path, headings)
    field = {"url": "sourceUrl", "title": "filename", "id": "referenceId"}[kind]
    mapping = _mapping(path)
    return mapping.get(field) == heading and mapping.get("sourceUrl") == headings["url"]


def _mapping(path: Path, columns: tuple[str, ...] = ()) -> dict[str, str]:
    """Return field → heading of its column; empty if the program refuses the manifest."""
    try:
        manifest = open_manifest(path, ReadingOptions(columns=columns))
        # Earlier versions of the package have no `first_with_address`.
        first = getattr(columns_of, "first_with_address", lambda chunks: next(chunks, None))
        mapped = columns_of.map_columns(manifest.header, first(manifest.chunks()), {})
    except RunFault:
        return {}
    fields = ("sourceUrl", "filename", "extension", "referenceId")
    return {
        field: manifest.header[position]
        for field, position in zip(fields, mapped.positions, strict=True)
        if position is not None
    }


def _is_file_recognized(row: Row) -> bool:
    """Whether the columns of a published manifest are those of its row in INDEX.tsv."""
    columns = tuple(row["columns"].split(",")) if row["columns"] else ()
    mapping = _mapping(MANIFESTS / row["file"], columns)
    if row["refused"]:
        return not mapping
    fields = ("sourceUrl", "filename", "referenceId")
    return all(mapping.get(field, "") == row[field] for field in fields)


def _cases(folder: Path) -> Iterator[tuple[str, str, bool]]:
    """Yield the group and the name of each case, and whether it is recognized."""
    for group, kind, text in (("URL", "url", URLS), ("title", "title", TITLES), ("id", "id", IDS)):
        for heading in _names(text):
            is_recognized = _is_heading_recognized(folder, kind, heading)
            yield f"{group} headings", heading, is_recognized
    with (MANIFESTS / "INDEX.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            yield "published manifests", row["file"], _is_file_recognized(row)


def _measure(package: Path) -> list[tuple[str, str, bool]]:
    """Return all cases, as the package in a folder recognizes them, in a new process."""
    environment = {**os.environ, "PYTHONPATH": str(package)}
    command = [sys.executable, __file__, "--cases"]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return [(group, name, is_good) for group, name, is_good in json.loads(done.stdout)]


def _extract_revision(folder: Path, revision: str) -> Path:
    """Write the package of a revision into a folder; returns the folder."""
    archive = folder / "before.tar"
    command = ["git", "-C", REPOSITORY, "archive", "-o", archive, revision, "batch_import"]
    subprocess.run(command, check=True)
    subprocess.run(["tar", "-x", "-f", archive, "-C", folder], check=True)
    return folder


def main() -> int:
    """Print the table; returns 1 if a case is not recognized."""
    parser = argparse.ArgumentParser(
        description="Count the recognized manifests; prints a Markdown table."
    )
    parser.add_argument("--before", metavar="REVISION", help="also measure an earlier revision")
    parser.add_argument("--cases", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if arguments.cases:
            print(json.dumps(list(_cases(folder))))
            return 0
        versions = {"now": _measure(REPOSITORY)}
        if arguments.before:
            before = _extract_revision(folder, arguments.before)
            versions = {"before": _measure(before), **versions}
    return _print(versions)


def _print(versions: dict[str, list[tuple[str, str, bool]]]) -> int:
    """Print the number of recognized cases per group and version; returns the exit code."""
    groups = dict.fromkeys(group for group, _, _ in versions["now"])
    print("|", " | ".join(("recognized", "of", *versions)), "|")
    print("|---|" + "---|" * (len(versions) + 1))
    for group in groups:
        total = sum(1 for other, _, _ in versions["now"] if other == group)
        counts = [
            sum(1 for other, _, is_good in cases if other == group and is_good)
            for cases in versions.values()
        ]
        print("|", " | ".join(map(str, (group, total, *counts))), "|")
    missed = [f"{group}: {name}" for group, name, is_good in versions["now"] if not is_good]
    if missed:
        print("", "Not recognized now:", *missed, sep="\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
