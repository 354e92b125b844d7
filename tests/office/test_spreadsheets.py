"""Opens the results in LibreOffice, and in libraries that read tables."""

import csv
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from batch_import.configuration.settings import EMBED_BASE
from batch_import.csv_escaping import escape_for_editing
from batch_import.manifest.read import open_manifest
from batch_import.models import ManifestColumns, ManifestRow, Media, Status, StatusUpdate
from batch_import.reports.write import write_results
from batch_import.reports.writers.csv_writer import write_csv
from batch_import.state import facts
from batch_import.state.store import Store
from batch_import.viostream.embed import embed_code, embed_url

DATA = Path(__file__).parents[1] / "data"
#: LibreOffice's options to open a CSV file: separated by commas, quoted by ", in UTF-8; numbers,
#: dates and formulas are recognized, as in Excel.
AS_CSV = "Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,true"
#: LibreOffice's options to save a CSV file.
TO_CSV = "csv:Text - txt - csv (StarCalc):44,34,76"
#: Texts that a spreadsheet would take for a formula.
PAYLOADS = [
    *(DATA / "formula-payloads.txt").read_text(encoding="utf-8").splitlines(),
    *(DATA / "formula-notes.txt").read_text(encoding="utf-8").splitlines(),
    "=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1+1", " =1+1", '"=1+1"', "'=1+1", "＝1+1",
]  # fmt: skip
Convert = Callable[..., Path]


@pytest.fixture(scope="module")
def convert(program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Convert:
    """Returns a function that opens a file in LibreOffice, and saves it in another format."""
    profile = tmp_path_factory.mktemp("profile").as_uri()

    def convert(path: Path, to: str, infilter: str = "") -> Path:
        command = [program("soffice"), "--headless", f"-env:UserInstallation={profile}"]
        command += [f"--infilter={infilter}"] if infilter else []
        folder = path.parent / "saved"
        command += ["--convert-to", to, "--outdir", str(folder), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
        saved = folder / f"{path.stem}.{to.partition(':')[0]}"
        assert saved.is_file(), done.stdout + done.stderr
        return saved

    return convert


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A folder with the results of rows whose titles and reference IDs are formulas."""
    rows = [
        ManifestRow(
            line, f"{text} {line}", f"{line}", f"https://h.example.com/{line}.mp4", text, "mp4",
            (f"https://h.example.com/{line}.mp4", text, f"{text} {line}"),
        )
        for line, text in enumerate(PAYLOADS, 2)
    ]  # fmt: skip
    with Store(None) as store:
        columns = ManifestColumns(("sourceUrl", "filename", "referenceId"), (0, 1, None, 2))
        store.load(rows, 1.0, columns, facts=[facts.MANIFEST.of("payloads.csv")])
        changes = [
            StatusUpdate(
                row.row_number,
                Status.FAILED if row.row_number % 5 == 0 else Status.IMPORTED,
                error=row.filename if row.row_number % 5 == 0 else "",
                media=Media("m", f"key{row.row_number}", row.reference_id, title=row.filename),
            )
            for row in store.queue.claim(1000, 2.0)
        ]
        store.queue.apply(changes, 3.0)
        write_results(tmp_path, store, now=4.0)
    return tmp_path


def expected_codes() -> list[str]:
    numbers = range(1, len(PAYLOADS) + 1)
    return ["" if n % 5 == 0 else embed_code(embed_url(EMBED_BASE, f"key{n}")) for n in numbers]


def test_every_program_reads_the_same_embed_codes(results: Path, convert: Convert) -> None:
    def codes(table: list[list[object]]) -> list[object]:
        header, *lines = table
        return [line[header.index("embedCode")] or "" for line in lines]

    with (results / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        by_csv = codes([*map(list, csv.reader(file))])
    frame = pd.read_csv(results / "results.csv", dtype=str, keep_default_na=False)
    book = CalamineWorkbook.from_path(str(results / "results.xlsx"))
    sheet = openpyxl.load_workbook(results / "results.xlsx")["Videos"]
    from_csv = openpyxl.load_workbook(convert(results / "results.csv", "xlsx", AS_CSV)).active
    from_xlsx = openpyxl.load_workbook(convert(results / "results.xlsx", "xlsx"))["Videos"]

    expected = expected_codes()
    assert by_csv == expected
    assert frame["embedCode"].tolist() == expected
    assert codes(book.get_sheet_by_name("Videos").to_python()) == expected
    for opened in (sheet, from_csv, from_xlsx):
        assert codes([list(line) for line in opened.iter_rows(values_only=True)]) == expected


def test_libreoffice_finds_no_formulas(results: Path, convert: Convert) -> None:
    for name, infilter in (
        ("results.csv", AS_CSV), ("failed.csv", AS_CSV), ("results.xlsx", ""),
    ):  # fmt: skip
        book = openpyxl.load_workbook(convert(results / name, "xlsx", infilter))
        cells = [cell for sheet in book for line in sheet.iter_rows() for cell in line]
        assert len(cells) > 20
        assert [cell.value for cell in cells if cell.data_type == "f"] == []


def test_libreoffice_finds_formulas_without_escaping(tmp_path: Path, convert: Convert) -> None:
    path = tmp_path / "naive.csv"
    path.write_text("title\n=1+1\n", encoding="utf-8")
    sheet = openpyxl.load_workbook(convert(path, "xlsx", AS_CSV)).active
    assert sheet["A2"].data_type == "f"


def test_libreoffice_reads_sheets_filters_and_links_of_the_workbook(
    results: Path, convert: Convert
) -> None:
    book = openpyxl.load_workbook(convert(results / "results.xlsx", "xlsx"))
    assert book.sheetnames == ["Videos", "Needs attention", "Summary"]
    videos = book["Videos"]
    assert videos.auto_filter.ref.startswith("A1:")
    header = [cell.value for cell in videos[1]]
    assert videos.cell(2, header.index("embedUrl") + 1).hyperlink.target.endswith("/iframe/key1")
    assert videos.cell(2, header.index("filename") + 1).value == PAYLOADS[0]


#: Values that a spreadsheet may change when it opens and saves a CSV file.
VALUES = [
    *PAYLOADS, "-Xk92_keynote", "0042", "-007", "1E5", "1e400", "2025-01-13", "13/01/2025", "1/2",
    "10:30", "1.50", ".5", "5.", "+5", "5%", "$5", "1,000", "1234567890123456789", "TRUE", "true",
    "5-Mar", "March 5", "Sept 1", "1.2.2025", "9:30 PM", "2025-08-08T10:30:00Z", "0x1F", "(5)",
    " lead", "trail ", "a\nb", "ラーメン 🍜", "NaN", "½", "-5", "42", "'tis", "''", '"', "1 1/2",
]  # fmt: skip


def test_failed_csv_saved_by_libreoffice_keeps_every_value(
    tmp_path: Path, convert: Convert
) -> None:
    path = tmp_path / "failed.csv"
    rows = [[value, f"row {n}"] for n, value in enumerate(VALUES)]
    write_csv(path, ["=title", "reason"], rows, escape_for_editing)
    manifest = open_manifest(convert(path, TO_CSV, AS_CSV))
    saved = [list(cells) for chunk in manifest.chunks() for cells in chunk.frame.to_numpy()]
    assert (list(manifest.header), saved) == (["=title", "reason"], rows)


def test_two_thousand_rows_print_on_at_most_sixty_pages(tmp_path: Path, convert: Convert) -> None:
    columns = ManifestColumns(("sourceUrl", "department", "recorded"), (0, None, None, None))
    rows = [
        ManifestRow(
            line, f"r{line}", f"r{line}", (url := f"https://h.example.com/{line}.mp4"),
            f"A title of usual length, number {line}", "mp4", (url, "People", "2025-01-13"),
        )
        for line in range(2, 2002)
    ]  # fmt: skip
    with Store(None) as store:
        store.load(rows, 1.0, columns)
        changes = [
            StatusUpdate(
                row.row_number,
                Status.IMPORTED,
                media=Media("m", f"k{row.row_number}", "r", title="T"),
            )
            for row in store.queue.claim(2000, 2.0)
        ]
        store.queue.apply(changes, 3.0)
        write_results(tmp_path, store, ["xlsx"], now=4.0)
    book = openpyxl.load_workbook(tmp_path / "results.xlsx")
    for name in ("Needs attention", "Summary"):
        book[name].sheet_state = "hidden"
    book.save(tmp_path / "videos.xlsx")
    printed = convert(tmp_path / "videos.xlsx", "pdf").read_bytes()
    assert 20 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 60
