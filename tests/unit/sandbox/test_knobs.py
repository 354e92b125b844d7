"""The values of knobs, and the errors for invalid values."""

import re
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import batch_import.sandbox.knobs
from batch_import.errors import UsageError
from batch_import.sandbox.knobs import Knobs


@pytest.mark.parametrize(
    ("name", "given_value", "read"),
    [
        ("processing", [600, 800], (600.0, 800.0)),
        ("processing", "0.5-1.5", (0.5, 1.5)),
        ("processing", "1..3", (1.0, 3.0)),
        ("latency", 0.25, (0.25, 0.25)),
        ("latency", "0.25", (0.25, 0.25)),
        ("list-delay", (1, 2), (1.0, 2.0)),
        ("listed_from", "online", "online"),
        ("status_case", "UPPER", "upper"),
        ("credentials_status", 403, 403),
        ("credentials_status", "403", 403),
        ("list_failed", "no", False),
        ("list_failed", True, True),
        ("hang", "0.1", 0.1),
        ("rate_limit", 5, 5.0),
        ("burst", "3", 3),
        ("outages", [[10, 20], [30, 40]], ((10.0, 20.0), (30.0, 40.0))),
        ("outages", "10-20, 30-40", ((10.0, 20.0), (30.0, 40.0))),
        ("outages", [], ()),
    ],
)
def test_a_valid_value_is_read(name: str, given_value: object, read: object) -> None:
    knobs = Knobs.from_mapping({name: given_value})
    found = asdict(knobs)[name.replace("-", "_")]
    assert found == read
    assert type(found) is type(read)


@pytest.mark.parametrize(
    ("name", "value", "form"),
    [
        ("hang", 1.5, "0 to 1"),
        ("hang", -0.1, "0 to 1"),
        ("hang", True, "0 to 1"),
        ("hang", None, "0 to 1"),
        ("hang", "nan", "0 to 1"),
        ("rate_limit", "fast", "0 or more"),
        ("rate_limit", float("inf"), "0 or more"),
        ("burst", 2.5, "whole number"),
        ("processing", [4, 2], "low and high"),
        ("processing", [1, 2, 3], "low and high"),
        ("processing", "1-", "low and high"),
        ("processing", {}, "low and high"),
        ("outages", 5, "pairs"),
        ("outages", [10, 20], "pairs"),
        ("list_failed", "perhaps", "true or false"),
        ("listed_from", "posted", "created, online"),
        ("credentials_status", 402, "401, 403"),
    ],
)
def test_an_invalid_value_is_refused_with_the_expected_form(
    name: str, value: object, form: str
) -> None:
    with pytest.raises(UsageError) as caught:
        Knobs.from_mapping({name: value})
    assert name in caught.value.message
    assert form in caught.value.hint


@pytest.mark.parametrize(
    ("name", "near"),
    [("hangs", "hang"), ("Rate-Limit ", "rate_limit"), ("list_omit", "list_omits")],
)
def test_the_error_for_an_unknown_knob_names_a_similar_one(name: str, near: str) -> None:
    with pytest.raises(UsageError) as caught:
        Knobs.from_mapping({name: 1})
    assert f"'{near}'" in caught.value.hint


def test_the_error_for_an_unknown_knob_without_a_similar_one_names_all() -> None:
    with pytest.raises(UsageError) as caught:
        Knobs.from_mapping({"zzzzzz": 1})
    assert "processing, listed_from" in caught.value.hint


def test_the_defaults_are_used_without_values() -> None:
    assert Knobs.from_mapping({}) == Knobs()


def test_written_knobs_are_read_unchanged() -> None:
    knobs = Knobs(processing=(1, 9), outages=((1, 2),), hang=0.5, credentials_status=403)
    assert Knobs.from_mapping(asdict(knobs)) == knobs


def test_every_knob_has_a_comment() -> None:
    source = Path(batch_import.sandbox.knobs.__file__).read_text("utf-8")
    for name in asdict(Knobs()):
        assert re.search(rf"    #: .+\n    {name}: ", source), name


@given(
    st.sampled_from(list(asdict(Knobs()))),
    st.none() | st.booleans() | st.floats() | st.text() | st.lists(st.floats(), max_size=3),
)
def test_any_value_is_read_or_refused_with_the_expected_form(name: str, value: object) -> None:
    try:
        knobs = Knobs.from_mapping({name: value})
    except UsageError as error:
        assert "Expected is" in error.hint  # noqa: PT017 - most values are refused
        return
    assert Knobs.from_mapping(asdict(knobs)) == knobs
    others = {key: other for key, other in asdict(Knobs()).items() if key != name}
    assert {key: asdict(knobs)[key] for key in others} == others
    for chance in ("hang", "failing", "truncated", "lost_reply"):
        assert 0 <= asdict(knobs)[chance] <= 1
    for span in (knobs.processing, knobs.latency, knobs.list_delay):
        assert 0 <= span[0] <= span[1]


@given(st.floats(0, 1), st.lists(st.floats(0, 1e6), min_size=2, max_size=2).map(sorted))
def test_a_valid_value_is_read_as_a_number_or_a_text(chance: float, span: list[float]) -> None:
    for hang, processing in ((chance, span), (repr(chance), f"{span[0]:f}-{span[1]:f}")):
        knobs = Knobs.from_mapping({"hang": hang, "processing": processing})
        assert knobs.hang == chance
        assert knobs.processing == pytest.approx(tuple(span), abs=1e-5)
