"""Writes the imported rows for other programs, such as a content management system or a script.

Texts are written unchanged: cells are not escaped for spreadsheets, and there is no byte order
mark. This module must not know any of these programs.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TextIO

from batch_import.files import replace_text_file
from batch_import.reports import WRITE_HINT

#: The cells of each row.
Lines = Iterable[Sequence[str]]


def write_cms(folder: Path, header: Sequence[str], lines: Lines, format_: str) -> None:
    """Write `results.cms.csv`, `.json` or `.jsonl`, and replace the existing file.

    Args:
        folder: folder of the file.
        header: headings of the columns.
        lines: cells of the rows.
        format_: `csv`, `json` or `jsonl`.

    Raises:
        StateError: the file cannot be written. An existing file is unchanged.
    """
    with replace_text_file(folder / f"results.cms.{format_}", WRITE_HINT, newline="") as file:
        _WRITERS[format_](file, header, lines)


def _write_csv(file: TextIO, header: Sequence[str], lines: Lines) -> None:
    writer = csv.writer(file)
    writer.writerow(header)
    writer.writerows(lines)


def _write_json(file: TextIO, header: Sequence[str], lines: Lines) -> None:
    separator = "[\n"
    for text in _json_objects(header, lines):
        file.write(separator + text)
        separator = ",\n"
    is_empty = separator == "[\n"
    file.write("[]\n" if is_empty else "\n]\n")


def _write_jsonl(file: TextIO, header: Sequence[str], lines: Lines) -> None:
    file.writelines(f"{text}\n" for text in _json_objects(header, lines))


def _json_objects(header: Sequence[str], lines: Lines) -> Iterator[str]:
    """Yields each row as the JSON of an object: heading → cell."""
    for line in lines:
        yield json.dumps(dict(zip(header, line, strict=True)), ensure_ascii=False)


_WRITERS: Final[Mapping[str, Callable[[TextIO, Sequence[str], Lines], None]]] = {
    "csv": _write_csv,
    "json": _write_json,
    "jsonl": _write_jsonl,
}
