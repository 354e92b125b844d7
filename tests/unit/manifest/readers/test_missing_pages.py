"""Files that are one page of an API response, and files that are complete."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_import.configuration.settings import ReadingOptions
from batch_import.manifest.read import open_manifest
from batch_import.manifest.readers.missing_pages import missing_pages

#: The list of videos in a response.
Videos = list[dict[str, Any]]
NEXT_URL = "https://api.example.com/videos?page=2"


def videos(count: int = 3) -> Videos:
    return [
        {"id": f"v-{n}", "name": f"Video {n}", "url": f"https://media.example.com/{n}.mp4"}
        for n in range(count)
    ]


def reasons(folder: Path, *responses: object, name: str = "page.json") -> list[str]:
    path = folder / name
    path.write_text("\n".join(json.dumps(each, indent=1) for each in responses), encoding="utf-8")
    problems = open_manifest(path, ReadingOptions()).content.problems
    assert {problem.code for problem in problems} <= {"records-missing"}
    return [problem.reason for problem in problems]


@pytest.mark.parametrize(
    ("page", "statement"),
    [
        (lambda v: {"objects": v, "totalCount": 142}, "there are 142 records"),
        (lambda v: {"total": 142, "page": 1, "per_page": 3, "data": v}, "there are 142 records"),
        (lambda v: {"paging": {"next": "/me?page=2", "previous": None}, "data": v},
         "another page follows"),
        (lambda v: {"nextPageToken": "CAUQAA", "items": v}, "another page follows"),
        (lambda v: {"nextPageToken": "CAUQAA", "pageInfo": {"totalResults": 1420}, "items": v},
         "there are 1,420 records"),
        (lambda v: {"count": 142, "next": NEXT_URL, "previous": None, "results": v},
         "there are 142 records"),
        (lambda v: {"data": v, "pagination": {"pagesTotal": 4, "pageSize": 3}},
         "there are 4 pages"),
        (lambda v: {"content": v, "totalPages": 4, "last": False, "number": 0},
         "there are 4 pages"),
        (lambda v: {"content": v, "last": False, "pageNumber": 0}, "another page follows"),
        (lambda v: {"page": 1, "limit": 3, "has_more": True, "list": v}, "another page follows"),
        (lambda v: {"IsTruncated": True, "Contents": v}, "another page follows"),
        (lambda v: {"@odata.nextLink": NEXT_URL, "value": v}, "another page follows"),
        (lambda v: {"@odata.count": "142", "value": v}, "there are 142 records"),
        (lambda v: {"data": {"videos": {"nodes": v, "pageInfo": {"hasNextPage": True}}}},
         "another page follows"),
        (lambda v: {"data": {"videos": {"nodes": v, "totalCount": 142}}}, "there are 142 records"),
        (lambda v: {"_links": {"next": {"href": NEXT_URL}}, "_embedded": {"videos": v}},
         "another page follows"),
        (lambda v: {"data": v, "meta": {"total": 142}}, "there are 142 records"),
        (lambda v: {"data": v, "meta": {"pagination": {"links": {"next": "/v?cursor=x"}}}},
         "another page follows"),
        (lambda v: {"current_page": 1, "last_page": 4, "per_page": 3, "data": v},
         "there are 4 pages"),
        (lambda v: {"hits": {"total": {"value": 142, "relation": "eq"}, "max_score": 1, "hits": v}},
         "there are 142 records"),
        (lambda v: {"totalCount": 142, "items": [{"title": "A series", "videos": v}]},
         "there are 142 records"),
    ],
)  # fmt: skip
def test_a_json_file_that_is_one_page_of_several_is_reported(
    tmp_path: Path, page: Callable[[Videos], object], statement: str
) -> None:
    (reason,) = reasons(tmp_path, page(videos()))
    assert reason.startswith(f"the file says that {statement}, and it has")


def test_a_yaml_file_that_is_one_page_of_several_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "page.yaml"
    path.write_text(
        "totalCount: 142\nvideos:\n  - url: https://media.example.com/a.mp4\n    name: A\n",
        encoding="utf-8",
    )
    (problem,) = open_manifest(path, ReadingOptions()).content.problems
    assert problem.reason == "the file says that there are 142 records, and it has 1 record"
    assert problem.value == "totalCount"


@pytest.mark.parametrize(
    "response",
    [
        {"objects": videos(), "totalCount": 3},
        {"total": 3, "page": 1, "per_page": 25, "paging": {"next": None}, "data": videos()},
        {"total": 3, "page": 1, "paging": {"next": "/first?page=2"}, "data": videos()},
        {"count": 3, "next": None, "previous": None, "results": videos()},
        {"count": 100, "page": 1, "pages": 1, "results": videos()},
        {"pages": 1, "pagination": {"pages": 1, "next": ""}, "data": videos()},
        {"totalPages": 2, "pageSize": 2, "content": videos(), "last": True},
        {"has_more": False, "next_cursor": "", "data": videos()},
        {"IsTruncated": False, "Contents": videos()},
        {"title": "A course", "total": 3600, "next": "Lesson 2", "videos": videos()},
        {"title": "A course", "count": 3600, "next": "https://x.example.com/2", "v": videos()},
        {"title": "A course", "last": False, "size": 12345, "videos": videos()},
        {"metadata": {"count": 5000, "total": 5000}, "videos": videos()},
        {"links": {"self": NEXT_URL, "next": None}, "total": 9000, "videos": videos()},
        {"totalCount": 2, "items": [{"title": f"S{n}", "videos": videos()} for n in range(2)]},
        {"items": [{"totalCount": 9, "title": f"S{n}", "videos": videos()} for n in range(2)]},
        videos(),
    ],
)  # fmt: skip
def test_a_complete_file_is_not_reported(tmp_path: Path, response: object) -> None:
    assert reasons(tmp_path, response) == []


def test_a_file_with_all_pages_is_not_reported(tmp_path: Path) -> None:
    pages = [{"nextPageToken": "x", "items": videos()}, {"items": videos()}]
    assert reasons(tmp_path, *pages) == []
    assert reasons(tmp_path, *reversed(pages)) != []
    counted = {"totalCount": 6, "items": videos()}
    assert reasons(tmp_path, counted, counted) == []
    assert reasons(tmp_path, counted) != []


def test_members_about_the_page_are_still_columns(tmp_path: Path) -> None:
    path = tmp_path / "page.json"
    path.write_text(json.dumps({"items": videos(), "page": 7, "series": "S"}), encoding="utf-8")
    manifest = open_manifest(path, ReadingOptions())
    (chunk,) = manifest.chunks()
    columns = dict(zip(manifest.header, chunk.frame.to_numpy().tolist()[0], strict=True))
    assert columns["id"] == "v-0"


_SEPARATORS = st.sampled_from(["", "_", "-", " "])
_JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=9) | st.integers(0, 9999).map(str),
    lambda inner: st.dictionaries(
        st.sampled_from(["total", "next", "page", "pages", "meta", "links", "count", "x", "last"]),
        inner,
        max_size=4,
    ),
)


@given(
    total=st.integers(0, 10**6), count=st.integers(0, 10**6), separator=_SEPARATORS,
    change_case=st.sampled_from([str.lower, str.upper, str.title]),
    words=st.sampled_from(["total count", "total results", "total items", "items total"]),
)  # fmt: skip
def test_a_number_of_records_is_compared_however_its_name_is_written(
    total: int, count: int, separator: str, change_case: Callable[[str], str], words: str
) -> None:
    name = change_case(words).replace(" ", separator)
    found = list(missing_pages([{"x": "1"}, {name: str(total)}], count))
    assert bool(found) is (total > count)


@given(members=_JSON.filter(lambda value: isinstance(value, dict)))
def test_a_file_with_any_members_is_read(members: Any) -> None:
    assert len(list(missing_pages([members], 5))) <= 1
