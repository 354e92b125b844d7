"""The rules: chunks of text → rows ready for the state, and every problem of every row.

Pure: it must not know files, the network, the clock or the state. Rules look at whole columns
first; only cells that offend are looked at one by one, because a manifest may hold a million.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

import pandas as pd

from batch_import.manifest.columns import FIELDS, Mapping
from batch_import.manifest.extensions import KNOWN, extension_of
from batch_import.manifest.read import Chunk
from batch_import.manifest.record import Fault
from batch_import.manifest.reference import made_reference
from batch_import.models import ManifestRow, Problem, Severity

_CONTROL = r"\x00-\x1f\x7f-\x9f"
#: Not to be seen, but copied along from web pages and documents.
_INVISIBLE = r"\u200b-\u200f\u202a-\u202e\u2060\ufeff"
_BAD = rf"\s{_CONTROL}{_INVISIBLE}"


_HEAD = re.compile(
    r"https?://"
    r"(?:[^/?#@]*@)?"  # user and password
    r"(?:\[[0-9a-f:.]+\]|[^/?#@:\[\]\\]+)(?::[0-9]*)?"  # host and port
    r"(?:[/?#]|\Z)",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"https?:", re.IGNORECASE)
_BAD_IN_URL = re.compile(f"[{_BAD}]")
_HAS_CONTROL = re.compile(f"[{_CONTROL}]")

#: Code, reason and hint of a problem.
_Kind = tuple[str, str, str]

_KNOWN = ", ".join(sorted(KNOWN))


class Validator:
    """Checks one manifest, chunk after chunk, in the file's order.

    It remembers the referenceIds of all chunks before.
    """

    def __init__(self, mapping: Mapping, header: tuple[str, ...]) -> None:
        self._mapping = mapping
        self._columns = [
            name if position is None else header[position]
            for name, position in zip(FIELDS, mapping.positions, strict=True)
        ]
        self._references = _References(self._columns[3])

    def check(self, chunk: Chunk) -> tuple[list[ManifestRow], list[Problem]]:
        """Check the next chunk.

        A row whose cells cannot be trusted (`Chunk.faults`) gets that one problem and claims no
        referenceId: its cells may belong to other columns.

        Returns:
            A row for each row of the chunk, and their problems; both in the file's order.
        """
        raw = [_column(chunk, position) for position in self._mapping.positions]
        urls, names, given, references = (column.str.strip() for column in raw)
        extensions = _extensions(given, urls)

        found = _Found(chunk.lines, self._columns, raw)
        for at in _offenders(_bad_urls(urls)):
            found.add(at, 0, _url_problems(urls.iloc[at]))
        for at in _offenders((names == "") | _with_control(names)):
            found.add(at, 1, [_name_problem(names.iloc[at])])
        # Without a URL the row may have an extension yet: the URL may bring it.
        for at in _offenders(~extensions.isin(KNOWN) & ((given != "") | (urls != ""))):
            found.add(at, 2, [_extension_problem(given.iloc[at])])
        for at in _offenders(_with_control(references)):
            found.add(at, 3, [_REFERENCE_CHARACTERS])
        for at, fault in chunk.faults.items():
            found.replace(at, fault)

        values = zip(urls, names, extensions, references, _cells(chunk), strict=True)
        return self._rows(chunk, values, found), found.in_order()

    def _rows(
        self,
        chunk: Chunk,
        values: "zip[tuple[str, str, str, str, tuple[str, ...]]]",
        found: "_Found",
    ) -> list[ManifestRow]:
        rows = []
        for at, (url, name, extension, own, cells) in enumerate(values):
            line = chunk.lines[at]
            reference, identity = "", None
            if at not in chunk.faults:
                reference, identity, problem = self._references.claim(line, own, url)
                if problem:
                    found.append(at, problem)
            error = found.text(at)
            rows.append(ManifestRow(line, reference, identity, url, name, extension, cells, error))
        return rows


class _References:
    """The referenceIds of all rows so far."""

    def __init__(self, column: str) -> None:
        self._column = column
        self._first_lines: dict[str, int] = {}
        self._made: Counter[str] = Counter()

    def claim(self, line: int, own: str, url: str) -> tuple[str, str | None, Problem | None]:
        """Give a row its referenceId and identity, and say whether an earlier row has it."""
        reference = own or self._make(url)
        if not reference:
            return "", None, None
        first = self._first_lines.setdefault(reference, line)
        if first == line:
            return reference, reference, None
        problem = Problem(
            line,
            self._column,
            "duplicate-reference",
            f"the reference id stands on line {first} already",
            reference,
            "Give every row a reference id of its own.",
        )
        return reference, None, problem

    def _make(self, url: str) -> str:
        if not url:
            return ""
        base = made_reference(url)
        self._made[base] += 1
        nth = self._made[base]
        return base if nth == 1 else made_reference(url, nth)


class _Found:
    """The problems of one chunk, by the index of their rows."""

    def __init__(self, lines: list[int], columns: list[str], cells: "list[pd.Series[str]]") -> None:
        self._lines = lines
        self._columns = columns
        self._cells = cells
        self._problems: defaultdict[int, list[Problem]] = defaultdict(list)

    def add(self, at: int, field: int, kinds: Sequence[_Kind]) -> None:
        """Note what is wrong with the cell of a field, by its place in `FIELDS`."""
        line, column, cell = self._lines[at], self._columns[field], self._cells[field].iloc[at]
        for code, reason, hint in kinds:
            self.append(at, Problem(line, column, code, reason, cell, hint))

    def append(self, at: int, problem: Problem) -> None:
        self._problems[at].append(problem)

    def replace(self, at: int, fault: Fault) -> None:
        """What the cells seem to be does not matter where they cannot be trusted."""
        self._problems[at] = [
            Problem(self._lines[at], "", fault.code, fault.reason, fault.value, fault.hint)
        ]

    def text(self, at: int) -> str:
        """The row's `error`."""
        if at not in self._problems:
            return ""
        return "; ".join(
            f"{problem.column}: {problem.reason}" if problem.column else problem.reason
            for problem in self._problems[at]
            if problem.severity is Severity.ERROR
        )

    def in_order(self) -> list[Problem]:
        return [problem for at in sorted(self._problems) for problem in self._problems[at]]


_REFERENCE_CHARACTERS = (
    "reference-characters",
    "the reference id has control characters",
    "Take line breaks and tabs out of it.",
)


def _url_problems(url: str) -> list[_Kind]:
    """Everything that is wrong with a URL."""
    if not url:
        return [("url-missing", "the source URL is missing", "Give the URL of the video file.")]
    problems = []
    if not _SCHEME.match(url):
        problems.append(
            (
                "url-scheme",
                "the source URL does not begin with http:// or https://",
                "Give the whole URL of the video file, with https:// in front.",
            )
        )
    elif not _HEAD.match(url):
        problems.append(
            ("url-host", "the source URL names no host", "Write it like https://host/video.mp4.")
        )
    if _BAD_IN_URL.search(url):
        problems.append(
            (
                "url-characters",
                "the source URL has spaces, control characters or invisible ones inside",
                "Write a space as %20; put nothing but one URL in the cell.",
            )
        )
    return problems


def _name_problem(name: str) -> _Kind:
    if not name:
        return "filename-missing", "the title is missing", "Give the video a title."
    return (
        "filename-characters",
        "the title has control characters",
        "Take line breaks and tabs out of it.",
    )


def _extension_problem(given: str) -> _Kind:
    if given:
        return (
            "extension-unknown",
            "the extension is not one of a known video format",
            f"Known are {_KNOWN}.",
        )
    return (
        "extension-missing",
        "there is no extension, and the source URL does not end in a known one",
        f"Give the row one of {_KNOWN}.",
    )


def _column(chunk: Chunk, position: int | None) -> "pd.Series[str]":
    """A column of the chunk, or blanks where the manifest has none."""
    if position is None:
        return pd.Series([""] * len(chunk.lines), dtype=object)
    return chunk.frame[position]


def _extensions(given: "pd.Series[str]", urls: "pd.Series[str]") -> "pd.Series[str]":
    """The given one, bare and in lower case; for a blank cell the one that the URL ends in."""
    bare = given.str.lstrip(".").str.lower()
    pairs = zip(given, bare, urls, strict=True)
    return pd.Series(
        [extension if cell else extension_of(url) for cell, extension, url in pairs], dtype=object
    )


def _bad_urls(urls: "pd.Series[str]") -> "pd.Series[bool]":
    bad = pd.Series([_HEAD.match(url) is None for url in urls], dtype=bool)
    joined = "".join(urls)
    # A look at all of them at once costs a tenth of a look at each.
    if joined.isprintable() and " " not in joined:
        return bad
    return bad | urls.str.contains(_BAD_IN_URL).astype(bool)


def _with_control(column: "pd.Series[str]") -> "pd.Series[bool]":
    if "".join(column).isprintable():
        return pd.Series(False, index=column.index, dtype=bool)  # noqa: FBT003 - a value, no flag
    return column.str.contains(_HAS_CONTROL).astype(bool)


def _offenders(mask: "pd.Series[bool]") -> list[int]:
    return [int(at) for at in mask.astype(bool).to_numpy().nonzero()[0]]


def _cells(chunk: Chunk) -> list[tuple[str, ...]]:
    columns = [chunk.frame[position].tolist() for position in chunk.frame.columns]
    return list(zip(*columns, strict=True))
