"""Files that are there whole or not at all. This file must not know what they hold."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import IO, Any, BinaryIO, TextIO, cast

from batch_import.errors import StateError

#: The name of a file while it is written: that of the file, and a token.
_PARTIAL = re.compile(r"\.(results|failed|problems|verify)\.[\w.]+\.[0-9a-f]{16}")


@contextmanager
def replacing(
    path: Path,
    hint: str,
    *,
    encoding: str = "utf-8",
    newline: str | None = None,
    private: bool = False,
) -> Iterator[TextIO]:
    """Write a text file in place of what was there, once all of it is on the disk.

    Args:
        hint: what a person can do where it cannot be written.
        private: nobody but its owner may read it.

    Raises:
        StateError: it cannot be written; what was there before is untouched.
    """
    with _replacing(path, hint, "x", private=private, encoding=encoding, newline=newline) as file:
        yield cast("TextIO", file)


@contextmanager
def replacing_bytes(path: Path, hint: str) -> Iterator[BinaryIO]:
    """Write a file of bytes, as `replacing` does one of text."""
    with _replacing(path, hint, "xb") as file:
        yield cast("BinaryIO", file)


@contextmanager
def _replacing(
    path: Path,
    hint: str,
    mode: str,
    *,
    private: bool = False,
    **text: str | None,
) -> Iterator[IO[Any]]:
    partial: Path | None = None
    try:
        # Not tempfile: its files are their owner's alone, and the umask, which says who else may
        # read, can only be read by setting it, for all threads at once.
        name = path.with_name(f".{path.name}.{token_hex(8)}")
        opener = _open_private if private else None
        with open(name, mode, opener=opener, **text) as file:  # type: ignore[call-overload]
            partial = name
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        partial = None
    except OSError as error:
        raise StateError(f"{path} cannot be written: {error.strerror or error}.", hint) from None
    finally:
        if partial:
            with suppress(OSError):
                partial.unlink(missing_ok=True)


def _open_private(path: str, flags: int) -> int:
    """Open a new file that only its owner may read."""
    return os.open(path, flags, 0o600)


def remove_partial_files(folder: Path) -> None:
    """Remove what writers that were killed have left in a folder that nobody writes to now."""
    with suppress(OSError):
        for path in folder.iterdir():
            if _PARTIAL.fullmatch(path.name):
                path.unlink(missing_ok=True)
