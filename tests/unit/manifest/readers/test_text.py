"""Encodings: which one is recognized, and the position of a byte that fits none."""

from collections.abc import Callable

import pytest

from batch_import.errors import ManifestError
from batch_import.manifest.readers import text

CONTENT = "url,title\nu,Tromsø – Ħello 🎬\n"
WESTERN = "url,title\nu,Tromsø – “hello”\n"


@pytest.mark.parametrize(
    ("content", "title", "note"),
    [
        (CONTENT.encode(), "Tromsø – Ħello 🎬", ""),
        (CONTENT.encode("utf-8-sig"), "Tromsø – Ħello 🎬", ""),
        (CONTENT.encode("utf-16"), "Tromsø – Ħello 🎬", "UTF-16"),
        (b"\xfe\xff" + CONTENT.encode("utf-16-be"), "Tromsø – Ħello 🎬", "UTF-16"),
        (CONTENT.encode("utf-16-le"), "Tromsø – Ħello 🎬", "UTF-16"),
        (CONTENT.encode("utf-16-be"), "Tromsø – Ħello 🎬", "UTF-16"),
        (
            WESTERN.encode("cp1252"),
            "Tromsø – “hello”",
            (
                "Windows-1252 (line 2 has the byte 0xF8 at byte offset 17, which is not UTF-8),"
                " as in “Tromsø – “hello””"
            ),
        ),
    ],
)
def test_the_encoding_is_recognized(read: Callable, content: bytes, title: str, note: str) -> None:
    found = read(content)
    assert found.header == ["url", "title"]
    assert found.rows == [(2, ["u", title])]
    assert found.form == ", ".join(filter(None, ["comma-separated", note]))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_json_and_yaml_are_read_in_other_encodings(read: Callable, encoding: str) -> None:
    assert read('[{"url": "é"}]'.encode(encoding), "m.json").cells == [["é"]]
    assert read("- url: é\n".encode(encoding), "m.yaml").cells == [["é"]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"\xff\xfeu\0\n\0\x00\xd8x\0",
            "mark of UTF-16 and is not UTF-16: line 2 has the byte 0x00 at byte offset 6",
        ),
        (
            b"\xff\xfe\0\0u\0\0\0",
            "mark of UTF-16 and is not UTF-16: line 1 has the byte 0x00 at byte offset 2",
        ),
        (
            b"u,t\r\nx,\xe9\x81y\n",
            "is not UTF-8 (line 2 has the byte 0xE9 at byte offset 7), and no other encoding is",
        ),
        (b"u,t\nx\0,y\n", "is no text: line 2 has the byte 0x00 at byte offset 5"),
        (b"u\0,\0\0\0", "is no text: line 1 has the byte 0x00 at byte offset 1"),
        (b"\0u,", "is no text: line 1 has the byte 0x00 at byte offset 0"),
    ],
)
def test_bytes_that_fit_no_encoding_are_refused_with_their_position(
    read: Callable, content: bytes, message: str
) -> None:
    with pytest.raises(ManifestError) as caught:
        read(content)
    assert message in caught.value.message
    assert "UTF-8" in caught.value.hint


@pytest.mark.parametrize("block", [1, 2, 3, 5])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(("encoding", "bad"), [("utf-8", b"\x81"), ("utf-16", b"\x00\xdc")])
def test_the_position_is_right_wherever_blocks_end(
    read: Callable,
    monkeypatch: pytest.MonkeyPatch,
    block: int,
    end: str,
    encoding: str,
    bad: bytes,
) -> None:
    monkeypatch.setattr(text, "BLOCK_BYTES", block)
    content = f"url,title{end}u,{'🎬é' if encoding == 'utf-16' else 'e'}{end}v,".encode(encoding)
    with pytest.raises(ManifestError, match=rf"line 3 [^)]* at byte offset {len(content)}\b"):
        read(content + bad)


def test_a_line_without_end_is_refused_before_it_fills_the_memory(
    read: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "MAX_CHARACTERS", 100)
    monkeypatch.setattr(text, "BLOCK_BYTES", 50)
    for name in ("m.csv", "m.jsonl"):
        with pytest.raises(ManifestError, match="a line of more than 100 characters"):
            read("url,title\nu," + "x" * 200, name)
    assert len(read("[" + '{"url": "u"},' * 20 + "{}]", "m.json").rows) == 20
