"""The targets of links exist. The build (test_site.py) checks the headings inside of `docs/`."""

import re

import pytest
from pages import PAGES, ROOT, Page

DOCS = ROOT / "docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Page) -> None:
    for link in page.links:
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.path.parent / name).resolve() if name else page.path
        assert target.exists(), link
        if anchor and DOCS not in page.path.parents:
            assert anchor in Page(target).anchors, link


def test_the_readme_links_every_page_except_the_reference() -> None:
    (readme,) = (page for page in PAGES if page.name == "README.md")
    linked = {link.partition("#")[0] for link in readme.links}
    reference = {page.name for page in PAGES if page.name.startswith("docs/reference/")}
    assert {page.name for page in PAGES} - reference - {"README.md", "docs/index.md"} <= linked


def test_the_readme_has_no_relative_links() -> None:
    (readme,) = (page for page in PAGES if page.name == "README.md")
    text = readme.path.read_text(encoding="utf-8")
    # Targets of link definitions, and of inline links.
    targets = re.findall(r"^\[[^\]]+\]: (.*)$|\]\(([^)]*)\)", text, re.MULTILINE)
    assert len(targets) >= len(set(readme.links))
    assert all("://" in (defined or inline) for defined, inline in targets)
