"""Opens a workbook to be written row by row, in constant memory, and cleans up after errors."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any, BinaryIO

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.workbook import Workbook


@contextmanager
def open_workbook(file: BinaryIO, title: str) -> Iterator[Workbook]:
    """Open a workbook to be written. No temporary files are left, even after an error.

    Args:
        file: the file to write to.
        title: title of the workbook in its properties.

    Raises:
        OSError: the workbook cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="batch-import-") as folder:
        output: Any = _OutputFile(file)
        book = xlsxwriter.Workbook(output, {"constant_memory": True, "tmpdir": folder})
        book.set_properties({"title": title})
        try:
            yield book
            book.close()
        except XlsxWriterException as error:
            cause = error.args[0] if error.args else None
            raise cause if isinstance(cause, OSError) else OSError(str(error)) from None
        finally:
            # Each sheet has a temporary file, which must be closed before it can be deleted.
            handles: list[Any] = [sheet.row_data_fh for sheet in book.worksheets()]
            for handle in handles:
                handle.close()


class _OutputFile:
    """A file for XlsxWriter's ZIP writer that accepts and discards all data after the first error.

    The ZIP writer writes again when it is deleted, and Python would print the second error to
    stderr.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, part: bytes) -> int:
        with self._discarding_after_error():
            return self._file.write(part)

    def seek(self, offset: int, whence: int = 0) -> int:
        with self._discarding_after_error():
            return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def flush(self) -> None:
        with self._discarding_after_error():
            self._file.flush()

    @contextmanager
    def _discarding_after_error(self) -> Iterator[None]:
        """Pass an error on; all later data is written to memory and discarded."""
        try:
            yield
        except OSError:
            self._file = BytesIO()
            raise
