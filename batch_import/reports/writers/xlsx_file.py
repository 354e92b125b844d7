"""Write a workbook row by row, so that memory does not grow with the rows."""

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
    """Write a workbook in constant memory. It leaves no temporary files, even after an error.

    Raises:
        OSError: it cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="batch-import-") as folder:
        output: Any = _Output(file)
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


class _Output:
    """A file for XlsxWriter's ZIP writer that ignores writes after an error.

    The ZIP writer writes again when it is deleted, and Python would print that error on stderr.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, part: bytes) -> int:
        with self._ending():
            return self._file.write(part)

    def seek(self, offset: int, whence: int = 0) -> int:
        with self._ending():
            return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def flush(self) -> None:
        with self._ending():
            self._file.flush()

    @contextmanager
    def _ending(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self._file = BytesIO()
            raise
