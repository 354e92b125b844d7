"""Reading any content gives rows or one clear error."""

import contextlib
import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import ManifestError, UsageError
from batch_import.manifest.read import open_manifest

TESTS = Path(__file__).parents[2]
SAMPLES = sorted(
    path
    for folder in (TESTS / "manifests", TESTS.parent / "manifests")
    for path in folder.iterdir()
    if path.stat().st_size < 70_000
)
NAMES = ["m", "m.csv", "m.json", "m.jsonl", "m.yaml", "m.xlsx", "m.csv.gz"]
STARTS = [b"", b"url,title\n", b"[", b'[{"url": "u"},', b"---\n", b"- url: u\n", b"PK\x03\x04"]
#: Parts with a meaning in one format or another, separated by `$`.
PIECES = (
    b'"$,$\n$\r$a$ $;$\t$\\$#$\xe9$\0$1e9$null$https://h/v$url,title\n$url: u\n$[$]${$}$:$: $- '
    b"$&a $*a$<<: $\xff\xfe$\x1f\x8b\x08\0$PK\x03\x04$\xe2\x80\xa8"
).split(b"$")
TOKENS = st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join)
thorough = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)


def read_rows_or_manifest_error(path: Path, *columns: str) -> None:
    """Read the whole file. Only a `ManifestError` may be raised."""
    try:
        manifest = open_manifest(path, ReadingOptions(columns=columns))
        chunks = list(manifest.chunks())
    except ManifestError as error:
        assert error.message  # noqa: PT017 - a complete reading is equally valid
        assert error.hint  # noqa: PT017
        return
    for chunk in chunks:
        assert chunk.frame.shape == (len(chunk.lines), len(manifest.header))
        assert chunk.lines == sorted(chunk.lines)
        assert all(type(cell) is str for column in chunk.frame for cell in chunk.frame[column])


@thorough
@given(
    st.binary(max_size=64) | TOKENS,
    st.sampled_from(STARTS),
    st.sampled_from(NAMES),
)  # fmt: skip
def test_random_bytes_give_rows_or_one_error(
    tmp_path: Path, content: bytes, start: bytes, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(start + content)
    read_rows_or_manifest_error(path)


@thorough
@given(TOKENS, st.sampled_from(["m.csv", "m"]), st.integers(1, 4))
def test_random_bytes_without_a_header_give_rows_or_one_error(
    tmp_path: Path, content: bytes, name: str, width: int
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with contextlib.suppress(UsageError):
        read_rows_or_manifest_error(path, *("sourceUrl", "b", "c", "d")[:width])


@pytest.mark.parametrize("sample", SAMPLES, ids=[path.name for path in SAMPLES])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12)
@given(st.data())
def test_damaged_real_manifests_give_rows_or_one_error(
    tmp_path: Path, sample: Path, data: st.DataObject
) -> None:
    content = bytearray(sample.read_bytes())
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    end = data.draw(st.none() | st.integers(0, len(content)))
    damaged = bytes(content[:end])
    if data.draw(st.booleans()):
        damaged = gzip.compress(damaged)[: data.draw(st.none() | st.integers(0, 200))]
    path = tmp_path / sample.name
    path.write_bytes(damaged)
    read_rows_or_manifest_error(path)
