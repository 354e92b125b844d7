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
#: How many bytes are read at a time.
BLOCK: Final = 1 << 20
_GZIP_START = b"\x1f\x8b"
#: Matches the location of a source of videos, such as `s3:/bucket`, but no drive of Windows.
_SOURCE: Final = re.compile(r"[a-z][a-z0-9]+:")
_LIST_FIRST: Final = "To list its videos: batch-import manifest {} -o library.csv"


class ManifestFile:
    """A manifest file, which can be opened several times.

    Standard input is copied to a temporary file, which is deleted with this object.

    Attributes:
        name: name for messages.
        suffix: suffix of the name in lower case, without `.gz`; empty if it has none.
        file: path of the file on disk.
        packed: whether it is compressed by gzip. `open` decompresses it.

    Raises:
        ManifestError: there is no such file.
        OSError: the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.name, self.file = str(path), path
        if path == STANDARD_INPUT:
            self.name = "from standard input"
            folder = mkdtemp(prefix="batch-import-")
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            self.file = Path(folder) / "manifest"
            with self.file.open("wb") as kept:
                shutil.copyfileobj(sys.stdin.buffer, kept)
        else:
            _refuse_missing(path)
        with self.file.open("rb") as stream:
            self.packed = stream.read(len(_GZIP_START)) == _GZIP_START
        self._stamp = self._stamped()
        unpacked = Path(path.stem) if path.suffix.lower() == ".gz" else path
        self.suffix = unpacked.suffix.lower()

    def open(self) -> IO[bytes]:
        """Open the file. It is decompressed while it is read, one block at a time."""
        return cast("IO[bytes]", gzip.open(self.file)) if self.packed else self.file.open("rb")

    def start(self, size: int) -> bytes:
        """The first bytes, decompressed."""
        with self.open() as stream:
            return stream.read(size)

    def digest(self) -> str:
        """SHA-256 of the file on disk, in hex."""
        with self.file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def _stamped(self) -> tuple[int, int]:
        now = self.file.stat()
        return now.st_size, now.st_mtime_ns

    def refuse_changed(self) -> None:
        """Check that the file was not changed since it was opened.

        Raises:
            ManifestError: the file was changed.
        """
        if self._stamped() != self._stamp:
            raise self._changed()

    def _changed(self) -> ManifestError:
        return ManifestError(
            f"The manifest {self.name} changed while it was read.", "Run the command again."
        )

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn read errors of the system into a ManifestError with a hint."""
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
            # The whole file was decoded before.
            raise self._changed() from error
        except RecursionError as error:
            raise ManifestError(
                f"The manifest {self.name} has too many objects inside of each other.",
                "It is no list of videos; check that it is the right file.",
            ) from error


@contextmanager
def found(path: Path) -> Iterator[ManifestFile]:
    """Open a manifest file, and turn read errors into a ManifestError with a hint."""
    try:
        source = ManifestFile(path)
    except OSError as error:
        raise _unreadable(str(path), error) from error
    with source.explained():
        yield source


def _refuse_missing(path: Path) -> None:
    if path.is_dir():
        raise ManifestError(
            f"The manifest {path} is a folder.",
            f"Name one file inside of it. {_LIST_FIRST.format(f'folder:{path}')}",
        )
    if path.is_symlink() and not path.exists():
        raise ManifestError(
            f"The manifest {path} is a link that leads to no file.",
            "Repair the link, or name the file itself.",
        )
    if not path.exists():
        raise ManifestError(f"There is no manifest {path}.", _nearest(path))
    if not path.is_file():
        # A pipe can be read only once, and a manifest is read several times.
        raise ManifestError(
            f"The manifest {path} is not a regular file.",
            "Save it to a file, or give - and pipe it in.",
        )


def _nearest(path: Path) -> str:
    if _SOURCE.match(str(path)):
        return _LIST_FIRST.format("SOURCE")  # of `s3://bucket`, the path has lost a slash
    if not path.parent.is_dir():
        return f"There is no folder {path.parent} either."
    names = sorted(entry.name for entry in path.parent.iterdir())
    name = find_similar(path.name, names)
    return f"Did you mean {path.parent / name}?" if name else "Check the name and the folder."


def _unreadable(name: str, error: OSError) -> ManifestError:
    return ManifestError(
        f"The manifest {name} cannot be read: {error.strerror or error}.",
        "Check that the file exists and that you may read it.",
    )
