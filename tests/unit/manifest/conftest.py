"""Fixtures that write a manifest, and read it completely."""

from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from batch_import.configuration.settings import ReadingOptions
from batch_import.manifest.read import open_manifest


class Read:
    """A manifest, read from its first to its last row."""

    def __init__(self, path: Path, options: ReadingOptions) -> None:
        manifest = open_manifest(path, options)
        self.header = list(manifest.header)
        self.form = manifest.format_description
        self.digest = manifest.digest
        self.rows: list[tuple[int, list[str]]] = []
        self.faults: dict[int, str] = {}
        self.comments: list[int] = []
        for chunk in manifest.chunks():
            cells = chunk.frame.to_numpy().tolist()
            self.rows += zip(chunk.lines, cells, strict=True)
            self.faults |= {chunk.lines[at]: fault.code for at, fault in chunk.faults.items()}
            self.comments += chunk.comments

    @property
    def lines(self) -> list[int]:
        return [line for line, _ in self.rows]

    @property
    def cells(self) -> list[list[str]]:
        return [cells for _, cells in self.rows]


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Read]:
    """Return a function that reads a file, or content that it first writes to a file."""

    def read(content: bytes | str | Path, name: str = "manifest.csv", **options: object) -> Read:
        path = content if isinstance(content, Path) else tmp_path / name
        if not isinstance(content, Path):
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return Read(path, ReadingOptions(**options))  # type: ignore[arg-type]

    return read


@pytest.fixture
def workbook(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a workbook: sheet → cell, such as `B3` → value."""

    def workbook(**sheets: dict[str, object]) -> Path:
        path = tmp_path / "manifest.xlsx"
        with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
            for name, cells in sheets.items():
                sheet = book.add_worksheet(name)
                for place, value in cells.items():
                    sheet.write(place, value)
        return path

    return workbook
