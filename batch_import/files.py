"""Atomic writing of files: the old file is replaced only when the new file is complete on disk."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import IO, Any, BinaryIO, TextIO, cast

from batch_import.errors import StateError

#: Matches the name of a result file while it is being written: a dot, the final name, a random
#: token.
_PARTIAL_NAME = re.compile(r"\.(results|failed|problems|verify)\.[\w.]+\.[0-9a-f]{16}")


@contextmanager
def replace_text_file(
    path: Path,
    hint: str,
    *,
    encoding: str = "utf-8",
    newline: str | None = None,
    private: bool = False,
) -> Iterator[TextIO]:
    """Write a text file that replaces the file at `path` once it is completely on disk.

    Args:
        path: the file to write.
        hint: what the user can do if the file cannot be written.
        encoding, newline: as for `open`.
        private: whether only the owner may read the file.

    Raises:
        StateError: the file cannot be written; the previous file is unchanged.
    """
    with _replacing(path, hint, "x", private=private, encoding=encoding, newline=newline) as file:
        yield cast("TextIO", file)


@contextmanager
def replace_binary_file(path: Path, hint: str) -> Iterator[BinaryIO]:
    """Write a binary file atomically, like `replace_text_file`."""
    with _replacing(path, hint, "xb") as file:
        yield cast("BinaryIO", file)


@contextmanager
def _replacing(
    path: Path,
    hint: str,
    mode: str,
    *,
    private: bool = False,
    **open_options: str | None,
) -> Iterator[IO[Any]]:
    # Not with tempfile: only the owner can read its files. Giving them the usual permissions
    # needs the umask, which can only be read by changing it for all threads.
    partial_path = path.with_name(f".{path.name}.{token_hex(8)}")
    must_remove = False
    try:
        opener = _open_private if private else None
        with open(partial_path, mode, opener=opener, **open_options) as file:  # type: ignore[call-overload]
            must_remove = True
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial_path.replace(path)
        must_remove = False
    except OSError as error:
        raise StateError(f"{path} cannot be written: {error.strerror or error}.", hint) from None
    finally:
        if must_remove:
            with suppress(OSError):
                partial_path.unlink(missing_ok=True)


def _open_private(path: str, flags: int) -> int:
    """Open a new file that only its owner can read."""
    return os.open(path, flags, 0o600)


def remove_partial_files(folder: Path) -> None:
    """Remove incomplete result files of processes that were killed while they wrote.

    No other process may write to the folder at this time.
    """
    with suppress(OSError):
        for path in folder.iterdir():
            if _PARTIAL_NAME.fullmatch(path.name):
                path.unlink(missing_ok=True)
