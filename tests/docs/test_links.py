"""Links between the pages lead somewhere."""

import pytest
from pages import PAGES, Page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Page) -> None:
    for link in page.links:
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.path.parent / name).resolve() if name else page.path
        assert target.exists(), link
        if anchor:
            assert anchor in Page(target).anchors, link


def test_every_page_is_reached_from_the_readme() -> None:
    (readme,) = (page for page in PAGES if page.name == "README.md")
    linked = {link.partition("#")[0] for link in readme.links}
    assert {page.name for page in PAGES} - {"README.md"} <= linked
