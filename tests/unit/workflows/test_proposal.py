"""What `configure` proposes for a manifest."""

from pathlib import Path

import pytest

from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import ColumnUnclear
from batch_import.workflows.proposal import ManifestSample, Proposal


def propose(folder: Path, text: str, **reading: object) -> Proposal:
    path = folder / "library.csv"
    path.write_text(text, encoding="utf-8")
    options = ReadingOptions(**reading)  # type: ignore[arg-type]
    return ManifestSample(path, options).propose(options)


def test_each_field_has_its_column_and_the_values_that_would_be_sent(tmp_path: Path) -> None:
    found = propose(
        tmp_path,
        "Link,Headline,Link\n"
        "not an address,Broken,x\n"
        " https://h.example.com/a.mp4 ,First,x\nhttps://h.example.com/b.MOV,Second,y\n",
    )
    assert found.columns == {"sourceUrl": "column 1", "filename": "Headline"}
    values = {field.field: field.values for field in found.fields}
    assert values["sourceUrl"] == ("https://h.example.com/a.mp4", "https://h.example.com/b.MOV")
    assert values["filename"] == ("First", "Second")
    assert values["extension"] == ("mp4", "mov")
    assert all(value.startswith("bi-") for value in values["referenceId"])
    assert not found.needs_base_url
    assert not found.needs_extension


def test_the_proposed_columns_are_valid_settings(tmp_path: Path) -> None:
    text = "Link,Title,Link\nhttps://h.example.com/a.mp4,A,x\nhttps://h.example.com/b.mp4,B,y\n"
    first = propose(tmp_path, text)
    assert propose(tmp_path, text, map=first.columns).columns == first.columns


def test_a_missing_base_url_or_extension_is_reported(tmp_path: Path) -> None:
    names = "File,Title\nclips/1.mp4,One\nclips/2.mp4,Two\n"
    assert propose(tmp_path, names).needs_base_url
    base = "https://h.example.com/"
    with_base = propose(tmp_path, names, base_url=base)
    assert with_base.fields[0].values == (f"{base}clips/1.mp4", f"{base}clips/2.mp4")
    assert not with_base.needs_base_url
    pages = "Link,Title\nhttps://h.example.com/d/1,One\nhttps://h.example.com/d/2,Two\n"
    assert propose(tmp_path, pages).needs_extension
    assert not propose(tmp_path, pages, default={"extension": "mp4"}).needs_extension


@pytest.mark.parametrize(
    "text",
    [
        "East,West\nhttps://h.example.com/1.mp4,https://h.example.com/2.mp4\n",
        "Colour,Size\nred,large\n",
    ],
)
def test_the_error_for_an_unclear_column_has_its_field(tmp_path: Path, text: str) -> None:
    with pytest.raises(ColumnUnclear) as error:
        propose(tmp_path, text)
    assert error.value.field == "sourceUrl"


def test_columns_without_values_are_proposed_by_their_names(tmp_path: Path) -> None:
    found = propose(tmp_path, "sourceUrl,filename,team\n,,A\n")
    assert found.columns == {"sourceUrl": "sourceUrl", "filename": "filename"}
    assert not found.needs_base_url


def test_private_videos_are_noted(tmp_path: Path) -> None:
    found = propose(tmp_path, "link,title,Visibility\nhttps://h.example.com/a.mp4,A,private\n")
    assert found.notes[0].startswith("1 of the first 1 rows to import is not public")
