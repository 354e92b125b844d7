"""The pages of the documentation, taken apart: headings, tables, blocks, inline code, links.

This file must not know what is expected of them.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
#: The README is shown where the package is, too: its links are whole addresses.
REPOSITORY = "https://github.com/viostream/batch-import/blob/main/"
_PARSER = MarkdownIt("commonmark").enable("table")


class Block(NamedTuple):
    """A block of code; an indented one has no language."""

    section: str
    line: int
    language: str
    text: str


@dataclass(frozen=True)
class Page:
    path: Path

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @cached_property
    def tokens(self) -> list[Token]:
        return _PARSER.parse(self.path.read_text(encoding="utf-8"))

    @property
    def headings(self) -> list[str]:
        """As they stand in the file, marks included."""
        pairs = zip(self.tokens, self.tokens[1:], strict=False)
        return [text.content for token, text in pairs if token.type == "heading_open"]

    @property
    def anchors(self) -> set[str]:
        """What a link can name behind `#`, by GitHub's rule."""
        seen: Counter[str] = Counter()
        found = set()
        for heading in self.headings:
            slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
        return found

    @property
    def blocks(self) -> Iterator[Block]:
        section = ""
        for at, token in enumerate(self.tokens):
            if token.type == "heading_open" and token.tag == "h2":
                section = self.tokens[at + 1].content
            elif token.type in ("code_block", "fence"):
                assert token.map
                yield Block(section, token.map[0] + 1, token.info.strip(), token.content)

    @property
    def tables(self) -> Iterator[list[list[str]]]:
        """Each as rows of cells, the header first."""
        rows: list[list[str]] = []
        for at, token in enumerate(self.tokens):
            if token.type == "tr_open":
                rows.append([])
            elif token.type in ("th_open", "td_open"):
                rows[-1].append(self.tokens[at + 1].content)
            elif token.type == "table_close":
                yield rows
                rows = []

    @property
    def code(self) -> list[str]:
        """What stands between backticks, inside of text and tables."""
        return [child.content for child in self._inside if child.type == "code_inline"]

    @property
    def links(self) -> list[str]:
        """Where links lead; those into the repository as paths in it."""
        found = (str(child.attrs["href"]) for child in self._inside if child.type == "link_open")
        return [link.removeprefix(REPOSITORY) for link in found]

    @property
    def _inside(self) -> Iterator[Token]:
        for token in self.tokens:
            yield from token.children or ()


PAGES = [
    Page(path)
    for path in sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")])
]
#: Those for people who use the program.
USERS_PAGES = [page for page in PAGES if page.path.name != "CONTRIBUTING.md"]


def table_rows(*header: str) -> list[list[str]]:
    """The rows of all tables with this header, wherever they are."""
    found = [rows for page in USERS_PAGES for rows in page.tables if rows[0] == list(header)]
    assert found, f"no page has a table with the columns {header}"
    return [row for rows in found for row in rows[1:]]


def code_in(cell: str) -> list[str]:
    """What stands between backticks in a cell."""
    return re.findall(r"`([^`]*)`", cell)
