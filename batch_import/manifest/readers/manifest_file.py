"""The bytes of a manifest: a file, which may be compressed, or standard input.

This module must not know what the bytes mean.
"""

import gzip
import hashlib
import re
import shutil
import sys
import weakref
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import IO, Final, cast

from batch_import.errors import ManifestError, find_similar

#: The path that means standard input.
STANDARD_INPUT: Final = Path("-")
#: Number of bytes that are read at a time.
BLOCK_BYTES: Final = 1 << 20
_GZIP_START = b"\x1f\x8b"
#: Matches the location of a source of videos, such as `s3:/bucket`, but no drive of Windows. Users
#: give such a location by mistake; the command `manifest` lists its videos.
_SOURCE_LOCATION: Final = re.compile(r"[a-z][a-z0-9]+:")
_LIST_HINT: Final = "To list its videos: batch-import manifest {} -o library.csv"


class ManifestFile:
    """A manifest file, which can be opened several times.

    Standard input is copied to a temporary file, which is deleted with this object.

    Args:
        path: path that the user gave; `-` is standard input.

    Attributes:
        name: name for messages.
        suffix: suffix of the file name in lower case, without `.gz`; empty if it has none.
        path: path of the file on disk.
        is_compressed: whether the file is compressed by gzip.

    Raises:
        ManifestError: there is no such file.
        OSError: the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.name, self.path = str(path), path
        if path == STANDARD_INPUT:
            self.name = "from standard input"
            folder = mkdtemp(prefix="batch-import-")
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            self.path = Path(folder) / "manifest"
            with self.path.open("wb") as copy:
                shutil.copyfileobj(sys.stdin.buffer, copy)
        else:
            refuse_missing(path)
        with self.path.open("rb") as stream:
            self.is_compressed = stream.read(len(_GZIP_START)) == _GZIP_START
        self._opened_version = self._version()
        uncompressed_name = Path(path.stem) if path.suffix.lower() == ".gz" else path
        self.suffix = uncompressed_name.suffix.lower()

    def open(self) -> IO[bytes]:
        """Open the file for reading its content, which is decompressed if necessary."""
        if self.is_compressed:
            return cast("IO[bytes]", gzip.open(self.path))
        return self.path.open("rb")

    def start(self, size: int) -> bytes:
        """Return up to `size` bytes from the start of the content."""
        with self.open() as stream:
            return stream.read(size)

    def digest(self) -> str:
        """Return the SHA-256 of the file on disk, in hex."""
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def _version(self) -> tuple[int, int]:
        """Return the size and the time of the last change, which differ if the file was changed."""
        status = self.path.stat()
        return status.st_size, status.st_mtime_ns

    def refuse_changed(self) -> None:
        """Check that the file was not changed since this object was created.

        Raises:
            ManifestError: the file was changed.
        """
        if self._version() != self._opened_version:
            raise self._changed_error()

    def _changed_error(self) -> ManifestError:
        return ManifestError(
            f"The manifest {self.name} changed while it was read.", "Run the command again."
        )

    @contextmanager
    def explaining_errors(self) -> Iterator[None]:
        """Turn read errors in the `with` block into a ManifestError with a hint."""
        try:
            yield
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ManifestError(
                f"The manifest {self.name} is a damaged gzip file: {error}.",
                "Copy or download it again.",
            ) from error
        except OSError as error:
            raise _unreadable(self.name, error) from error
        except UnicodeDecodeError as error:
            # The whole file was decoded without errors before.
            raise self._changed_error() from error
        except RecursionError as error:
            raise ManifestError(
                f"The manifest {self.name} has too many objects inside of each other.",
                "It is no list of videos; check that it is the right file.",
            ) from error


@contextmanager
def open_manifest_file(path: Path) -> Iterator[ManifestFile]:
    """Find a manifest file, and turn read errors in the `with` block into a ManifestError."""
    try:
        source = ManifestFile(path)
    except OSError as error:
        raise _unreadable(str(path), error) from error
    with source.explaining_errors():
        yield source


def refuse_missing(path: Path) -> None:
    """Raise a `ManifestError` if the path of a manifest is no file that can be read repeatedly."""
    if path == STANDARD_INPUT:
        return
    if path.is_dir():
        raise ManifestError(
            f"The manifest {path} is a folder.",
            f"Name one file inside of it. {_LIST_HINT.format(f'folder:{path}')}",
        )
    if path.is_symlink() and not path.exists():
        raise ManifestError(
            f"The manifest {path} is a link that leads to no file.",
            "Repair the link, or name the file itself.",
        )
    if not path.exists():
        raise ManifestError(f"There is no manifest {path}.", _missing_file_hint(path))
    if not path.is_file():
        # A pipe can be read only once, and a manifest is read several times.
        raise ManifestError(
            f"The manifest {path} is not a regular file.",
            "Save it to a file, or give - and pipe it in.",
        )


def _missing_file_hint(path: Path) -> str:
    if _SOURCE_LOCATION.match(str(path)):
        return _LIST_HINT.format("SOURCE")  # `Path` has removed a slash from `s3://bucket`
    if not path.parent.is_dir():
        return f"There is no folder {path.parent} either."
    names = sorted(entry.name for entry in path.parent.iterdir())
    similar_name = find_similar(path.name, names)
    if similar_name:
        return f"Did you mean {path.parent / similar_name}?"
    return "Check the name and the folder."


def _unreadable(name: str, error: OSError) -> ManifestError:
    return ManifestError(
        f"The manifest {name} cannot be read: {error.strerror or error}.",
        "Check that the file exists and that you may read it.",
    )
