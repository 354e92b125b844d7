"""Whether a nested file is one page of an API response, and other pages are missing. No I/O.

Many APIs return lists in pages, and each page says how many records there are, or where the next
page is. A user who saves only the first page would forget all other videos. The names below are
those of usual APIs: Google and YouTube, Vimeo, Kaltura, JW Player, api.video, Dailymotion, S3,
OData, GraphQL connections, Spring, Django, Laravel, HAL and Elasticsearch.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from batch_import.manifest.readers.nested_records import Members
from batch_import.manifest.rules.violation import warning
from batch_import.models import Problem

#: Maximum number of digits of a number of records or pages. A longer number is something else.
_MAX_DIGITS: Final = 9
#: Maximum depth of objects about the page in each other: `meta.pagination.links.next`.
_MAX_DEPTH: Final = 3
_NO_LETTER_OR_DIGIT: Final = re.compile(r"[\W_]+")
#: A URL that requests a page, or the path of one.
_PAGE_URL: Final = re.compile(r"(?:https?:/)?/\S*(?:\?|page|cursor|offset)", re.IGNORECASE)
#: Values of the member about the next page that mean that there is none.
_EMPTY_VALUES: Final = frozenset({"", "0", "-1", "null", "none", "false"})
_HINT: Final = "Add the records of the other pages to the file."


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# All names are compared without case and punctuation: `totalCount`, `total_count`.
#: Names of the number of all records.
_TOTALS: Final = _names(
    """
    totalcount totalresults totalitems totalrecords totalelements totalhits totalentries totalrows
    totalvideos totalmedia totalmedias totalobjects totalrowcount totalrecordcount
    totalnumber totalnumberofresults totalnumberresults itemstotal resultstotal recordstotal
    numfound nbhits odatacount
    """
)
#: Such a name that also means something else. It counts only beside other members about the page.
_AMBIGUOUS_TOTAL: Final = "total"
#: In Django, the number of all records; elsewhere, the number of records of the page. It counts
#: only beside these members, which Django always writes.
_COUNT: Final = "count"
_NEIGHBOURS_OF_COUNT: Final = _names("next previous")
#: Names of the number of all pages.
_PAGE_TOTALS: Final = _names(
    "totalpages pagestotal pagecount numpages nbpages totalpagecount lastpage"
)
#: Names of the maximum number of records of a page.
_PAGE_SIZES: Final = _names(
    "perpage pagesize pagelength limit resultsperpage itemsperpage recordsperpage maxresults"
)
#: Names of the URL, token or number of the next page.
_NEXT: Final = _names(
    """
    nextpage nextpagetoken nextcursor nextlink odatanextlink nextpageurl nexturl nexthref nexttoken
    nextcontinuationtoken nextmarker nextoffset nextpagelink
    """
)
#: The name of the next page that also means something else, such as the next lesson.
_AMBIGUOUS_NEXT: Final = "next"
#: Names of members that are true if another page follows, and that are false then.
_HAS_NEXT: Final = _names("hasmore hasnext hasnextpage istruncated hasmoreitems moreavailable")
_IS_LAST: Final = _names("last islast islastpage lastpage")
#: Names of objects about the page.
_PAGE_OBJECTS: Final = _names("pagination paging pageinfo pager resultinfo")
#: Names of objects whose `total` and `next` are about the page. APIs that have no pages use these
#: objects, too; therefore they show nothing about the members beside them.
_LINK_OBJECTS: Final = _names("meta links")
#: Names of objects that are about the page only if another of their members shows it.
_POSSIBLE_PAGE_OBJECTS: Final = _names("page pages metadata responsemetadata")
#: Names of further members that only objects about the page have.
_PAGE_MEMBERS: Final = _names(
    "page currentpage pageindex pagenumber offset startindex previous prev previouspage"
)
_ABOUT_PAGE: Final = frozenset[str]().union(
    _PAGE_TOTALS, _PAGE_SIZES, _NEXT, _HAS_NEXT, _PAGE_OBJECTS, _PAGE_MEMBERS
)
#: Names of the members that `forget_pages` removes.
_FORGOTTEN: Final = _ABOUT_PAGE | _LINK_OBJECTS | {_AMBIGUOUS_NEXT}


@dataclass(slots=True)
class _PageFacts:
    """What the members around a list of records say about its pages.

    Attributes:
        totals: name of a member → number of all records.
        counts: the same, of members that are less reliable.
        page_totals: name of a member → number of all pages.
        sizes: name of a member → maximum number of records of a page.
        next_names: names of the members that say that another page follows.
    """

    totals: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    page_totals: dict[str, int] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    next_names: list[str] = field(default_factory=list)

    def add_members(self, members: Mapping[str, Any], prefix: str, *, is_about_page: bool) -> None:
        """Add the members of an object, and of the objects about the page in it.

        Args:
            members: the members.
            prefix: the names of the enclosing objects, with a dot after each.
            is_about_page: whether the object is certainly about the page.
        """
        folded_names = {_fold(name) for name in members}
        is_about_page |= not folded_names.isdisjoint(_ABOUT_PAGE)
        counts_all_records = folded_names >= _NEIGHBOURS_OF_COUNT
        for name, value in members.items():
            path, folded_name = prefix + name, _fold(name)
            number = _number(value)
            if number is not None:
                # In Elasticsearch, the number of all records is in an object.
                is_certain = is_about_page or isinstance(value, dict)
                self._add_number(path, folded_name, number, is_about_page=is_certain)
                if folded_name == _COUNT and counts_all_records:
                    self.counts[path] = number
            if _says_that_page_follows(folded_name, value, is_about_page=is_about_page):
                self.next_names.append(path)
            is_page_object = folded_name in _PAGE_OBJECTS | _LINK_OBJECTS
            may_be_page_object = is_page_object or folded_name in _POSSIBLE_PAGE_OBJECTS
            if isinstance(value, dict) and may_be_page_object and prefix.count(".") < _MAX_DEPTH:
                self.add_members(value, f"{path}.", is_about_page=is_page_object)

    def _add_number(self, path: str, name: str, number: int, *, is_about_page: bool) -> None:
        if name in _TOTALS or (is_about_page and name == _AMBIGUOUS_TOTAL):
            self.totals[path] = number
        elif name in _PAGE_TOTALS or (is_about_page and name == "pages"):
            self.page_totals[path] = number
        elif name in _PAGE_SIZES:
            self.sizes[path] = number


def missing_pages(enclosing_objects: Sequence[Members], count: int) -> Iterator[Problem]:
    """Yield a problem if the objects around a list of records say that it has other pages.

    Args:
        enclosing_objects: the objects that contain the list, the outermost first.
        count: number of records in the file.
    """
    facts = _PageFacts()
    for members in enclosing_objects:
        facts.add_members(members, "", is_about_page=False)
    missing = _find_statement(facts, count)
    if missing:
        statement, name = missing
        number = f"{count:,} record{'' if count == 1 else 's'}"
        reason = f"the file says that {statement}, and it has {number}"
        yield warning("records-missing", reason, _HINT).problem(1, "", name)


def forget_pages(enclosing_objects: Iterable[Members]) -> None:
    """Remove what objects say about their page, before the next page of the same file is read.

    The last page of a list may have no member about the next page at all.
    """
    for members in enclosing_objects:
        for name in [name for name in members if _fold(name) in _FORGOTTEN]:
            del members[name]


def _find_statement(facts: _PageFacts, count: int) -> tuple[str, str] | None:
    """Return what the file says about missing records, and the name of the member that says it.

    A number of all records is more reliable than a link to the next page: a user who has joined
    all pages may have kept the link of the first page.
    """
    if totals := facts.totals or facts.counts:
        name, total = max(totals.items(), key=lambda item: item[1])
        return (f"there are {total:,} records", name) if total > count else None
    if facts.page_totals:
        name, page_total = max(facts.page_totals.items(), key=lambda item: item[1])
        size = max(facts.sizes.values(), default=count)
        # The last page has at least one record.
        is_complete = count > (page_total - 1) * size
        return None if is_complete else (f"there are {page_total:,} pages", name)
    if facts.next_names:
        return "another page follows", facts.next_names[0]
    return None


def _fold(name: str) -> str:
    return _NO_LETTER_OR_DIGIT.sub("", name).casefold()


def _number(value: object) -> int | None:
    """Return a whole number, which may be in an object as `value`; None for any other value."""
    if isinstance(value, dict):
        value = value.get("value")
    if isinstance(value, str) and value.isdecimal() and len(value) <= _MAX_DIGITS:
        return int(value)
    return None


def _says_that_page_follows(name: str, value: object, *, is_about_page: bool) -> bool:
    """Whether a member says that another page follows.

    Args:
        name: its folded name.
        value: its value.
        is_about_page: whether the enclosing object is certainly about the page.
    """
    if isinstance(value, bool):
        return name in _HAS_NEXT if value else name in _IS_LAST and is_about_page
    if isinstance(value, dict):  # HAL has an object around a link
        value = value.get("href") or value.get("url")
    if not isinstance(value, str) or value.strip().casefold() in _EMPTY_VALUES:
        return False
    if name == _AMBIGUOUS_NEXT:
        return is_about_page or _PAGE_URL.match(value) is not None
    return name in _NEXT
