"""Where the bytes of a manifest come from: compressed files and standard input."""

import gzip
import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from batch_import.errors import ManifestError
from batch_import.manifest.read import open_manifest
from batch_import.manifest.readers import manifest_file
from batch_import.manifest.readers.manifest_file import STANDARD_INPUT

CSV = "url,title\nu,One\n"


@pytest.fixture
def standard_input(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    def pipe(content: bytes) -> None:
        stream = io.TextIOWrapper(io.BytesIO(content))
        monkeypatch.setattr(sys, "stdin", stream)

    return pipe


@pytest.mark.parametrize(
    ("content", "name", "form"),
    [
        (CSV, "m.csv.gz", "comma-separated"),
        (CSV.replace(",", "\t"), "m.tsv", "tab-separated"),
        ('[{"url": "u", "title": "One"}]', "m.json.gz", "JSON"),
        ('{"url": "u", "title": "One"}\n{}\n', "m.jsonl.GZ", "JSON Lines"),
        ("- url: u\n  title: One\n", "m.yml.gz", "YAML"),
    ],
)
def test_compressed_files_are_read_by_their_content(
    read: Callable, content: str, name: str, form: str
) -> None:
    packed = gzip.compress(content.encode())
    found = read(packed, name)
    assert (found.form, found.cells) == (form, [["u", "One"]])
    assert found.digest == read(packed, "other.gz").digest


@pytest.mark.parametrize(
    "content", [CSV.encode(), gzip.compress(CSV.encode(), mtime=0)], ids=["plain", "packed"]
)
def test_standard_input_can_be_read_several_times(
    read: Callable, standard_input: Callable, content: bytes
) -> None:
    standard_input(content)
    found = read(STANDARD_INPUT)
    assert found.cells == [["u", "One"]]
    assert found.digest == read(content).digest


def test_a_workbook_is_read_from_standard_input(
    read: Callable, standard_input: Callable, workbook: Callable
) -> None:
    standard_input(workbook(S={"A1": "url", "B1": "title", "A2": "u", "B2": "One"}).read_bytes())
    assert read(STANDARD_INPUT).cells == [["u", "One"]]


def test_the_copy_of_standard_input_is_deleted(
    read: Callable, standard_input: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest_file, "mkdtemp", lambda **_: str(tmp_path / "kept"))
    (tmp_path / "kept").mkdir()
    standard_input(CSV.encode())
    assert read(STANDARD_INPUT).cells == [["u", "One"]]
    assert not (tmp_path / "kept").exists()


def test_empty_standard_input_is_refused(read: Callable, standard_input: Callable) -> None:
    standard_input(b"")
    with pytest.raises(ManifestError, match="manifest from standard input is empty"):
        read(STANDARD_INPUT)


@pytest.mark.parametrize("cut", [2, 12, -4])
def test_a_damaged_compressed_file_is_refused(read: Callable, cut: int) -> None:
    with pytest.raises(ManifestError, match="damaged gzip file"):
        read(gzip.compress(CSV.encode())[:cut])
    with pytest.raises(ManifestError, match="damaged gzip file"):
        read(gzip.compress(CSV.encode())[:12] + b"\xff" * 40)


def test_an_empty_compressed_file_is_refused(read: Callable) -> None:
    with pytest.raises(ManifestError, match="is empty"):
        read(gzip.compress(b""))


def test_a_device_in_place_of_a_file_is_refused(read: Callable) -> None:
    with pytest.raises(ManifestError, match="not a regular file") as caught:
        read(Path("/dev/null"))
    assert "give -" in caught.value.hint


@pytest.mark.parametrize("name", ["s3://bucket/videos", "folder:videos", "."])
def test_a_source_in_place_of_a_manifest_is_refused_with_the_command_to_list_it(name: str) -> None:
    with pytest.raises(ManifestError, match=r"batch-import manifest .+ -o library") as raised:
        open_manifest(Path(name))
    assert str(raised.value).count("\n") == 0
