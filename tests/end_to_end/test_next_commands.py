"""Each command line that a command prints for users to copy works."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from batch_import.sandbox.server import SandboxServer

FLAGS = ("--sheet", "2022", "--map", "referenceId=Ref.", "--job", "output/films")


@pytest.fixture
def film_list(tmp_path: Path) -> Path:
    """Return a workbook whose second sheet is read correctly only with `FLAGS`."""
    path = tmp_path / "film list.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name in ("2021", "2022"):
            sheet = book.add_worksheet(name)
            sheet.write_row("A1", ["Ref.", "Title", "File"])
            for row in (1, 2, 3):
                scheme = "" if row == 3 else "https://"
                file = f"{scheme}videos.example.com/{name}/{row}.mp4"
                sheet.write_row(row, 0, [f"{row}-{name}", f"Film {row}", file])
    return path


def find_command(pattern: str, text: str) -> list[str]:
    found = re.search(rf"{pattern}: (batch-import .+)", text)
    assert found, text
    return shlex.split(found[1])[1:]


def test_printed_commands_read_the_manifest_as_the_command_did(
    film_list: Path, sandbox: Callable[..., SandboxServer], command: Callable
) -> None:
    server = sandbox()
    run = command(server)
    first = run("run", film_list, *FLAGS, "--limit", "1").stdout
    rest = run(*find_command("To send the rest", first), "--rate", "200", code=1).stdout
    assert "3 rows: 2 imported, 1 invalid." in rest
    corrected = run(*find_command("corrected automatically, in a copy", first), code=1).stdout
    run(*find_command("Review it, then run it in the same job", corrected), "--rate", "200")
    references = sorted(media.reference_id for media in server.platform.media)
    assert references == ["1-2022", "2-2022", "3-2022"]
