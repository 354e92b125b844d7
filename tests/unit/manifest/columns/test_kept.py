"""A later version of a manifest that would be read with other columns."""

import pandas as pd
import pytest

from batch_import.errors import ManifestError
from batch_import.manifest.columns.kept import column_names_by_field, refuse_other_columns
from batch_import.manifest.columns.mapping import map_columns
from batch_import.manifest.read import Chunk

VIDEO, PAGE = "https://example.com/a/clip.mp4", "https://example.com/watch?v=1"
KEPT = {"sourceUrl": "Link", "filename": "Title", "extension": None, "referenceId": None}


def refusal(
    header: str, *cells: str, kept: dict[str, str | None] = KEPT, **overrides: str
) -> ManifestError | None:
    """Return the error that is raised, or that is returned in case there are rows to send."""
    names = tuple(header.split("|"))
    frame = pd.DataFrame([list(cells)], dtype=object)
    mapping = map_columns(names, Chunk(frame, [2], {}), overrides)
    try:
        return refuse_other_columns(kept, names, mapping, overrides)
    except ManifestError as error:
        return error


def test_column_names_by_field_follow_the_positions() -> None:
    assert column_names_by_field(["a", "b"], [1, 0, None, None]) == {
        "sourceUrl": "b", "filename": "a", "extension": None, "referenceId": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Link|Title", (VIDEO, "One")),
        # Columns may move or be spelled differently, and columns may be added.
        ("note|title|LINK", ("x", "One", VIDEO)),
        # A column whose name is that of the field was named by the user.
        ("Link|Title|referenceId", (VIDEO, "One", "r1")),
        ("sourceUrl|filename", (VIDEO, "One")),
    ],
)
def test_the_same_columns_are_accepted(header: str, cells: tuple[str, ...]) -> None:
    assert refusal(header, *cells) is None


@pytest.mark.parametrize(
    ("header", "cells", "message", "hint"),
    [
        (
            "Link|Title|mp4",
            (PAGE, "One", VIDEO),
            "sourceUrl was “Link”, now “mp4”",
            (
                "as before: map={'sourceUrl': 'Link'}."
                " To read it so from now on: map={'sourceUrl': 'mp4'}"
            ),
        ),
        (
            "Link|Title|id",
            (VIDEO, "One", "a1"),
            "referenceId was no column, now “id”",
            (
                "as before: map={'referenceId': ''}."
                " To read it so from now on: map={'referenceId': 'id'}"
            ),
        ),
        (
            "Download|Titre",
            (VIDEO, "One day"),
            "sourceUrl was “Link”, now “Download”; filename was “Title”, now “Titre”",
            "To read it so from now on: map={'sourceUrl': 'Download'} map={'filename': 'Titre'}",
        ),
        (
            "Link|note",
            (VIDEO, ""),
            "filename was “Title”, now no column",
            "To read it so from now on: map={'filename': ''}",
        ),
    ],
)
def test_other_columns_are_refused(
    header: str, cells: tuple[str, ...], message: str, hint: str
) -> None:
    error = refusal(header, *cells)
    assert error is not None
    assert message in error.message
    assert error.hint.removeprefix("To go on ") == hint


def test_the_id_column_may_be_removed_but_not_be_ignored() -> None:
    kept = {**KEPT, "referenceId": "Code"}
    assert refusal("Link|Title", VIDEO, "One", kept=kept) is None
    error = refusal("Link|Title|Code", VIDEO, "One", "two words", kept=kept)
    assert error is not None
    assert "referenceId was “Code”, now no column" in error.message


def test_columns_that_the_user_names_are_accepted() -> None:
    assert refusal("Link|Title|mp4", PAGE, "One", VIDEO, sourceUrl="mp4") is None
    assert refusal("Link|Title|id", VIDEO, "One", "a1", referenceId="id") is None
    assert refusal("Link|Title|id", VIDEO, "One", "a1", reference_id="") is None
