"""Count the manifests that are understood: with usual headings, and those that people publish.

Each heading stands in a small manifest of its own, above values as such a column has them. With
`--before REVISION` an earlier state of the package is measured beside this one. Prints a Markdown
table, and each case that is not understood.
"""
# ruff: noqa: T201 - a command of its own, which starts itself

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import RunFault
from batch_import.manifest.columns import mapping as columns_of
from batch_import.manifest.read import open_manifest

REPOSITORY = Path(__file__).parents[2]
MANIFESTS = REPOSITORY / "tests" / "manifests"
ROWS = 12

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
TITLES = """
Video Name|Video Title|Titre|Titre de la vidéo|Titel|Videotitel|Título
|Título del video|Titolo|Titulo|Name of video|Session Title|Session|Session name
|Lecture|Lecture Title|Talk|Talk title|Event|Event Name|Clip Name|Asset Name
|Asset title|Display Name|displayName|Label|Subject|Topic|Heading|Headline
|Program Title|Episode|Episode Title|Nom|Nombre|Bezeichnung|Naam|Название|标题|視頻名稱
|タイトル|제목
"""
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


def _row(at: int) -> Row:
    return {
        "url": f"https://media.example.com/library/{at:04}.mp4",
        "title": f"{_SUBJECTS[at]} for beginners",
        "id": f"AB-{1000 + 37 * at}",
        "department": ("People", "Sales")[at % 2],
        "published": f"2024-03-{at + 1:02}",
    }


def _write(path: Path, names: dict[str, str]) -> None:
    """A manifest whose columns are called so: kind of values → heading."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names.values())
        writer.writerows([_row(at)[kind] for kind in names] for at in range(ROWS))


def _heading(folder: Path, kind: str, name: str) -> bool:
    usual = {"title": "Title", "url": "URL", "department": "Department", "published": "Published"}
    names = {**usual, kind: name}
    path = folder / "manifest.csv"
    _write(path, names)
    field = {"url": "sourceUrl", "title": "filename", "id": "referenceId"}[kind]
    found = _mapping(path)
    return found.get(field) == name and found.get("sourceUrl") == names["url"]


def _mapping(path: Path, columns: tuple[str, ...] = ()) -> dict[str, str]:
    """Field → name of its column, by the package of this process; empty where it is refused."""
    try:
        manifest = open_manifest(path, ReadingOptions(columns=columns))
        first = getattr(columns_of, "first_with_address", lambda chunks: next(chunks, None))
        found = columns_of.map_columns(manifest.header, first(manifest.chunks()), {})
    except RunFault:
        return {}
    places = zip(
        ("sourceUrl", "filename", "extension", "referenceId"), found.positions, strict=True
    )
    return {field: manifest.header[at] for field, at in places if at is not None}


def _file(row: Row) -> bool:
    columns = tuple(row["columns"].split(",")) if row["columns"] else ()
    found = _mapping(MANIFESTS / row["file"], columns)
    if row["refused"]:
        return not found
    return all(found.get(f, "") == row[f] for f in ("sourceUrl", "filename", "referenceId"))


def _cases(folder: Path) -> Iterator[tuple[str, str, bool]]:
    for group, kind, text in (("URL", "url", URLS), ("title", "title", TITLES), ("id", "id", IDS)):
        for name in _names(text):
            yield f"{group} headings", name, _heading(folder, kind, name)
    with (MANIFESTS / "INDEX.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            yield "published manifests", row["file"], _file(row)


def _measured(package: Path) -> list[tuple[str, str, bool]]:
    """All cases, by the package in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(package)}
    command = [sys.executable, __file__, "--cases"]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return [(group, name, good) for group, name, good in json.loads(done.stdout)]


def _before(folder: Path, revision: str) -> Path:
    archive = folder / "before.tar"
    command = ["git", "-C", REPOSITORY, "archive", "-o", archive, revision, "batch_import"]
    subprocess.run(command, check=True)
    subprocess.run(["tar", "-x", "-f", archive, "-C", folder], check=True)
    return folder


def main() -> int:
    """Print the table. Ends with 1 where a case is not understood."""
    parser = argparse.ArgumentParser(description="What is understood; prints a Markdown table.")
    parser.add_argument("--before", metavar="REVISION", help="measure an earlier state beside it")
    parser.add_argument("--cases", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if arguments.cases:
            print(json.dumps(list(_cases(folder))))
            return 0
        states = {"now": _measured(REPOSITORY)}
        if arguments.before:
            before = _before(folder, arguments.before)
            states = {"before": _measured(before), **states}
    return _print(states)


def _print(states: dict[str, list[tuple[str, str, bool]]]) -> int:
    groups = dict.fromkeys(group for group, _, _ in states["now"])
    print("|", " | ".join(("understood", "of", *states)), "|")
    print("|---|" + "---|" * (len(states) + 1))
    count: Callable[[str, str], int] = lambda state, group: sum(  # noqa: E731
        1 for other, _, good in states[state] if other == group and good
    )
    for group in groups:
        total = sum(1 for other, _, _ in states["now"] if other == group)
        figures = [count(state, group) for state in states]
        print("|", " | ".join(map(str, (group, total, *figures))), "|")
    missed = [f"{group}: {name}" for group, name, good in states["now"] if not good]
    print(*("", "Not understood now:", *missed) if missed else (), sep="\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
