"""Parses the pages of the documentation: headings, tables, blocks of code, inline code, links.

This module has no expectations about the contents of the pages.
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
#: Start of the links in the README: it is also shown by package indexes, so links have whole URLs.
REPOSITORY = "https://github.com/viostream/batch-import/blob/main/"
_PARSER = MarkdownIt("commonmark").enable("table")


class Block(NamedTuple):
    """A block of code.

    Attributes:
        section: heading of the section (level 2) that contains it.
        line: line number in the page.
        language: language of a fenced block; empty for an indented block.
    """

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
        """The headings as written in the file, with their markup."""
        pairs = zip(self.tokens, self.tokens[1:], strict=False)
        return [text.content for token, text in pairs if token.type == "heading_open"]

    @property
    def anchors(self) -> set[str]:
        """The names of the headings in links, after `#`, by the rule of GitHub."""
        slug_counts: Counter[str] = Counter()
        anchors = set()
        for heading in self.headings:
            slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            anchors.add(f"{slug}-{slug_counts[slug]}" if slug_counts[slug] else slug)
            slug_counts[slug] += 1
        return anchors

    @property
    def blocks(self) -> Iterator[Block]:
        section = ""
        for position, token in enumerate(self.tokens):
            if token.type == "heading_open" and token.tag == "h2":
                section = self.tokens[position + 1].content
            elif token.type in ("code_block", "fence"):
                assert token.map
                yield Block(section, token.map[0] + 1, token.info.strip(), token.content)

    @property
    def tables(self) -> Iterator[list[list[str]]]:
        """The tables, each as rows of cells; the first row is the header."""
        rows: list[list[str]] = []
        for position, token in enumerate(self.tokens):
            if token.type == "tr_open":
                rows.append([])
            elif token.type in ("th_open", "td_open"):
                rows[-1].append(self.tokens[position + 1].content)
            elif token.type == "table_close":
                yield rows
                rows = []

    @property
    def code(self) -> list[str]:
        """The texts between backticks, in paragraphs and tables."""
        return [child.content for child in self._inline_tokens if child.type == "code_inline"]

    @property
    def links(self) -> list[str]:
        """The targets of links; targets in the repository are paths in it."""
        targets = (
            str(child.attrs["href"]) for child in self._inline_tokens if child.type == "link_open"
        )
        return [target.removeprefix(REPOSITORY) for target in targets]

    @property
    def _inline_tokens(self) -> Iterator[Token]:
        for token in self.tokens:
            yield from token.children or ()


PAGES = [
    Page(path)
    for path in sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")])
]
#: The pages for users of the program.
USERS_PAGES = [page for page in PAGES if page.path.name != "CONTRIBUTING.md"]


def table_rows(*header: str) -> list[list[str]]:
    """Return the rows of all tables with this header, on all pages, without the header."""
    tables = [rows for page in USERS_PAGES for rows in page.tables if rows[0] == list(header)]
    assert tables, f"no page has a table with the columns {header}"
    return [row for rows in tables for row in rows[1:]]


def code_in(cell: str) -> list[str]:
    """Return the texts between backticks in a cell."""
    return re.findall(r"`([^`]*)`", cell)
