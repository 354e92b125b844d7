"""What a worker prints."""

import os
import sys

import pytest

from batch_import.cli.worker import _log


def test_a_worker_continues_if_its_output_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", closefd=True) as closed:  # noqa: PTH123 - a file descriptor
        monkeypatch.setattr(sys, "stdout", closed)
        _log("library: taken.")
        monkeypatch.undo()
        with pytest.raises(BrokenPipeError):
            closed.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), writing)
