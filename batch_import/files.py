"""Files that are there whole or not at all. This file must not know what they hold."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, TextIO, cast

from batch_import.errors import StateError


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
    with _replacing(path, hint, "w", private=private, encoding=encoding, newline=newline) as file:
        yield cast("TextIO", file)


@contextmanager
def replacing_bytes(path: Path, hint: str) -> Iterator[BinaryIO]:
    """Write a file of bytes, as `replacing` does one of text."""
    with _replacing(path, hint, "wb") as file:
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
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        partial = Path(name)
        with os.fdopen(handle, mode, **text) as file:  # type: ignore[call-overload]
            yield file
            file.flush()
            os.fsync(file.fileno())
        if not private:
            partial.chmod(0o666 & ~_umask())
        partial.replace(path)
        partial = None
    except OSError as error:
        raise StateError(f"{path} cannot be written: {error.strerror or error}.", hint) from None
    finally:
        if partial:
            partial.unlink(missing_ok=True)


def _umask() -> int:
    """The process's umask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
