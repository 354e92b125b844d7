"""Reading: cells, line numbers, and one clear error for every file that is no manifest."""

import csv
import hashlib
import io
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch_import.errors import ManifestError
from batch_import.manifest import read as reading
from batch_import.manifest.read import Chunk, open_manifest
from batch_import.manifest.readers import csv_records

HEADER = b"url,title\n"


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return tmp_path / "manifest.csv"


def rows_of(path: Path) -> list[tuple[int, list[str]]]:
    return [
        (line, cells)
        for chunk in open_manifest(path).chunks()
        for line, cells in zip(chunk.lines, chunk.frame.to_numpy().tolist(), strict=True)
    ]


def only_chunk(path: Path) -> Chunk:
    (chunk,) = open_manifest(path).chunks()
    return chunk


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"a,b\n1,2\n3,4\n", [(2, ["1", "2"]), (3, ["3", "4"])], id="lf"),
        pytest.param(b"a,b\r\n1,2\r\n3,4", [(2, ["1", "2"]), (3, ["3", "4"])], id="crlf"),
        pytest.param(b"a,b\r1,2\r3,4\r", [(2, ["1", "2"]), (3, ["3", "4"])], id="cr"),
        pytest.param(b"a,b\r1,2\n3,4\r\n5,6", [(2, ["1", "2"]), (3, ["3", "4"]), (4, ["5", "6"])]),
        pytest.param(b"\xef\xbb\xbfa,b\n1,2\n", [(2, ["1", "2"])], id="bom"),
        pytest.param(b'\xef\xbb\xbf"a",b\n1,2\n', [(2, ["1", "2"])], id="bom-quoted"),
        pytest.param(
            b'a,b\n"1\n1\r\n1",2\n3,4\n', [(2, ["1\n1\r\n1", "2"]), (5, ["3", "4"])], id="embedded"
        ),
        pytest.param(b"\na,b\n\n1,2\n,\n , \n3,4\n\n", [(4, ["1", "2"]), (7, ["3", "4"])]),
        pytest.param(b"a,b\n1\n", [(2, ["1", ""])], id="narrow"),
        pytest.param(b"a,b\n1,2,, \n", [(2, ["1", "2"])], id="blank-surplus"),
        pytest.param(b'a,b\n" 1 ","x""y"\n', [(2, [" 1 ", 'x"y'])], id="cells-kept"),
        pytest.param(b"a,b\nNA,007\n", [(2, ["NA", "007"])], id="no-guessing"),
        pytest.param(
            "a,b\n1\u2028,2\x0b\n3,4\n".encode(), [(2, ["1\u2028", "2\x0b"]), (3, ["3", "4"])]
        ),
    ],
)
def test_cells_and_line_numbers_are_read(
    manifest: Path, content: bytes, expected: list[tuple[int, list[str]]]
) -> None:
    manifest.write_bytes(content)
    assert open_manifest(manifest).header == ("a", "b")
    assert rows_of(manifest) == expected
    assert only_chunk(manifest).faults == {}


def test_the_digest_is_that_of_the_bytes(manifest: Path) -> None:
    content = b"\xef\xbb\xbfa,b\r\n1,2\r\n"
    manifest.write_bytes(content)
    assert open_manifest(manifest).digest == hashlib.sha256(content).hexdigest()


def test_chunks_can_be_split_and_read_again(
    manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "CHUNK_ROWS", 2)
    monkeypatch.setattr(csv_records, "BLOCK_RECORDS", 2)
    manifest.write_bytes(HEADER + b"a,1\nb,2\nc,3,x\n")
    opened = open_manifest(manifest)
    for _ in range(2):
        chunks = list(opened.chunks())
        assert [chunk.lines for chunk in chunks] == [[2, 3], [4]]
        assert [set(chunk.faults) for chunk in chunks] == [set(), {0}]
        assert chunks[0].frame.columns.equals(pd.RangeIndex(2))


def test_chunks_of_a_wide_manifest_have_fewer_rows(
    manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_CHUNK_CELLS", 6)
    monkeypatch.setattr(csv_records, "BLOCK_RECORDS", 1)
    manifest.write_bytes(b"a,b\n" + b"1,2\n" * 7)
    assert [len(chunk.lines) for chunk in open_manifest(manifest).chunks()] == [3, 3, 1]


@pytest.mark.parametrize("content", [b"url,title\nu,\xff\xfe\n", b"url,title\nu,t\nv,t\n"])
def test_a_manifest_that_changes_while_it_is_read_is_refused(
    manifest: Path, content: bytes
) -> None:
    manifest.write_bytes(HEADER + b"u,t\n")
    opened = open_manifest(manifest)
    manifest.write_bytes(content)
    with pytest.raises(ManifestError, match="changed while it was read"):
        list(opened.chunks())


def test_a_row_with_too_many_cells_is_a_fault_of_this_row_only(manifest: Path) -> None:
    manifest.write_bytes(HEADER + b"u,Hello, world\nv,fine\n")
    chunk = only_chunk(manifest)
    assert chunk.frame.to_numpy().tolist() == [["u", "Hello"], ["v", "fine"]]
    assert list(chunk.faults) == [0]
    assert (chunk.faults[0].code, chunk.faults[0].value) == ("width", " world")
    assert chunk.faults[0].reason == "this row has 3 cells, the header has 2"


def test_broken_quotes_are_a_fault_and_reading_continues(manifest: Path) -> None:
    manifest.write_bytes(HEADER + b'u,"The "best" of"\nv,"one\ntwo"x\nw,fine\n')
    chunk = only_chunk(manifest)
    assert chunk.lines == [2, 3, 5]
    assert {at: fault.code for at, fault in chunk.faults.items()} == {0: "quoting", 1: "quoting"}
    assert chunk.faults[0].value == 'u,"The "best" of"'
    assert chunk.faults[1].reason.endswith("lines 3 to 4 were taken for one row")
    assert list(chunk.frame[0]) == ["u", "v", "w"]
    assert chunk.frame.iloc[2].tolist() == ["w", "fine"]


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        (b'u,"never closed\nv,x\n', 2),
        (b'u,x\n"a\nb","never\nclosed\n', 4),
        (b'u,x\r"a\r\nb","never closed', 4),
        (b'u,x\nv,"', 3),
    ],
)
def test_the_error_names_the_line_of_an_unclosed_quote(
    manifest: Path, rows: bytes, line: int
) -> None:
    manifest.write_bytes(HEADER + rows)
    with pytest.raises(ManifestError, match=rf"opened on line {line}\."):
        rows_of(manifest)


def test_a_huge_cell_is_read(manifest: Path) -> None:
    manifest.write_bytes(HEADER + b"u," + b"x" * 300_000 + b"\n")
    assert len(rows_of(manifest)[0][1][1]) == 300_000


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        (b"", "is empty", "header line"),
        (b"\n , \n", "nothing but blank lines", "header line"),
        (b"\xef\xbb\xbf", "nothing but blank lines", "header line"),
        (b"url,title\n,\n", "a header and no rows", "a row for each video"),
        (b"PK\x03\x04rest", "as a workbook", ".xlsx"),
        (b"\xd0\xcf\x11\xe0rest", "old Excel", ".xlsx"),
        (b"u,t\nx\0,y\n", "line 2 has the byte 0x00 at byte offset 5", "UTF-8"),
        (b"u,t\r\nx,\xe9\x81y\n", "line 2 has the byte 0xE9 at byte offset 7", "UTF-8"),
        (b"u,t\rx,y\nx,\x8d", "line 3 has the byte 0x8D at byte offset 10", "UTF-8"),
        (b'url,"the "title"\nu,t\n', "broken header on line 1", "twice"),
    ],
)
def test_a_file_that_is_no_manifest_is_refused(
    manifest: Path, content: bytes, message: str, hint: str
) -> None:
    manifest.write_bytes(content)
    with pytest.raises(ManifestError) as caught:
        open_manifest(manifest)
    assert message in caught.value.message
    assert str(manifest) in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize("bad", [b"\0"])
@pytest.mark.parametrize("shift", range(4))
def test_the_byte_offset_is_right_if_a_block_ends_inside_a_character(
    manifest: Path, bad: bytes, shift: int
) -> None:
    content = HEADER + b"x" * ((1 << 20) - len(HEADER) - shift) + "🎬\n".encode()
    manifest.write_bytes(content + bad)
    with pytest.raises(ManifestError, match=rf"line 3 [^)]* at byte offset {len(content)}\b"):
        open_manifest(manifest)


def test_the_error_for_a_missing_file_names_a_similar_file(tmp_path: Path) -> None:
    (tmp_path / "videos.csv").write_bytes(HEADER)
    with pytest.raises(ManifestError, match="no manifest") as caught:
        open_manifest(tmp_path / "vidoes.csv")
    assert caught.value.hint == f"Did you mean {tmp_path / 'videos.csv'}?"
    with pytest.raises(ManifestError, match="There is no folder"):
        open_manifest(tmp_path / "nowhere" / "videos.csv")


def test_a_folder_in_place_of_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="is a folder"):
        open_manifest(tmp_path)


def test_a_file_that_may_not_be_read_is_refused(
    manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    manifest.write_bytes(HEADER + b"u,t\n")
    opened = open_manifest(manifest)
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ManifestError, match="Permission denied"):
        open_manifest(manifest)
    with pytest.raises(ManifestError, match="Permission denied"):
        next(opened.chunks())


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
CELLS = st.tuples(
    st.just("x") | TEXT.map("x{}".format), TEXT | st.sampled_from(['"', "a\r\nb", ","])
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(CELLS, min_size=1, max_size=8), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans()
)
def test_a_file_written_by_the_csv_module_is_read_unchanged(
    manifest: Path,
    rows: list[tuple[str, str]],
    end: str,
    bom: bool,  # noqa: FBT001 - drawn
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(("a", "b"))
    expected = []
    for row in rows:
        line = 1 + len(re.findall(r"\r\n|\r|\n", text.getvalue()))
        expected.append((line, list(row)))
        writer.writerow(row)
    manifest.write_bytes(text.getvalue().encode("utf-8-sig" if bom else "utf-8"))
    assert rows_of(manifest) == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.binary(max_size=64)
    | st.lists(st.sampled_from([b'"', b",", b"\n", b"\r", b"a", b" ", b";"])).map(b"".join),
    st.sampled_from([b"", HEADER]),
)
def test_random_bytes_give_rows_or_one_manifest_error(
    manifest: Path, content: bytes, start: bytes
) -> None:
    manifest.write_bytes(start + content)
    try:
        opened = open_manifest(manifest)
        chunks = list(opened.chunks())
    except ManifestError as error:
        assert error.message  # noqa: PT017 - a complete reading is equally valid
        assert error.hint  # noqa: PT017
    else:
        assert all(chunk.frame.shape == (len(chunk.lines), len(opened.header)) for chunk in chunks)
