"""Makes rows for the results, as the job database returns them."""

from collections.abc import Callable

import pytest

from batch_import.models import ManifestColumns, ResultRow, Status

COLUMNS = ManifestColumns(("sourceUrl", "title", "status", "team"), (0, 1, None, None))
SOURCE = "https://h.example.com/v.mp4?X-Amz-Signature=abc"


def make_record(status: Status = Status.IMPORTED, **changes: object) -> ResultRow:
    values: dict[str, object] = {
        "line": 2,
        "status": status,
        "error": "",
        "codes": (),
        "reference_id": "r-1",
        "filename": "Title",
        "source_url": SOURCE,
        "extension": "mp4",
        "cells": (SOURCE, "Title", "draft", "A"),
        "columns": COLUMNS,
        "is_removed": False,
        "is_size_requested": False,
        "size": None,
        "ingest_id": "i",
        "media_id": "m",
        "key": "k1",
        "title": "Title",
        "duration": "00:00:05",
        "thumbnail": "https://t.example.com/k1.jpg",
        "created_date": "2026-01-01T00:00:00Z",
    }
    return ResultRow(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def record() -> Callable[..., ResultRow]:
    """Return a function that makes a row; the default values are those of an imported video."""
    return make_record
