"""Titles that were copied from web pages with their HTML entities."""

import pytest

from batch_import.manifest.rules import filename


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Brakes &amp; cables", "Brakes & cables"),
        ("&quot;It&#39;s&quot; &#x2013; Caf&eacute;", '"It\'s" \u2013 Caf\u00e9'),
        ("One&nbsp;two", "One two"),
    ],
)
def test_entities_in_titles_are_corrected(title: str, text: str) -> None:
    ((index, violation),) = filename.violations(["Plain", title])
    assert (index, violation.code, violation.fix) == (1, "filename-entities", text)
    assert text in violation.hint


@pytest.mark.parametrize("title", ["R&D", "Q&A; part 2", "A &notit; b", "a&b;", "&#0;x", "&amp"])
def test_other_text_with_an_ampersand_is_not_changed(title: str) -> None:
    assert list(filename.violations([title])) == []
