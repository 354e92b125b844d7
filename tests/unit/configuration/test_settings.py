"""Settings: which values each accepts, from any origin."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_import.cli.options import OPTIONS
from batch_import.configuration import base_urls
from batch_import.configuration.base_urls import API_BASE
from batch_import.configuration.declaration import Setting, settings_of
from batch_import.configuration.request import ImportRequest
from batch_import.configuration.result_options import ResultOptions
from batch_import.configuration.settings import ReadingOptions, Settings, read_environment
from batch_import.errors import UsageError
from batch_import.models import LineRange

OWNERS: dict[type[Any], Callable[..., Any]] = {
    Settings: Settings,
    ReadingOptions: ReadingOptions,
    ResultOptions: ResultOptions,
}


def refusal(attempt: Callable[[], object]) -> UsageError | None:
    try:
        attempt()
    except UsageError as fault:
        return fault
    return None


ALL = [(owner, each) for owner in OWNERS for each in settings_of(owner)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", 0),
        ("limit", True),
        ("limit", 1.5),
        ("until", float("nan")),
        ("until", float("inf")),
        ("until", 1e300),
        ("rate", 0.0),
        ("rate", float("nan")),
        ("rate", float("inf")),
        ("rate", "5"),
        ("refresh", 1e12),
        ("max_in_flight", 0.5),
        ("workers", -1),
        ("workers", 10**6),
        ("max_wait", -1.0),
        ("settle", 1e9),
        ("when_unsure", "guess"),
        ("preflight", "yes"),
        ("only", "2-5"),
        ("only", (3,)),
        ("api_base", "http://api.test/v3"),
        ("api_base", "https://a b"),
        ("api_base", "https://u:p@h/"),
        ("embed_base", "player"),
        ("timeout", (1.0,)),
    ],
)
def test_an_invalid_setting_is_refused_with_its_name(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=rf"^{name}=") as caught:
        Settings(**{name: value})  # type: ignore[arg-type]
    assert caught.value.setting == name
    assert "\n" not in str(caught.value)
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [
        (ReadingOptions, "map", "sourceUrl=Link"),
        (ReadingOptions, "map", {"": "Link"}),
        (ReadingOptions, "default", {"filename": ""}),
        (ReadingOptions, "columns", "a,b"),
        (ReadingOptions, "sheet", "a\0b"),
        (ResultOptions, "embed", "big"),
        (ResultOptions, "results_columns", "a\nb"),
    ],
)
def test_an_invalid_reading_or_result_option_is_refused_with_its_name(
    owner: type[Any], name: str, value: object
) -> None:
    with pytest.raises(UsageError, match=rf"^{name}="):
        owner(**{name: value})


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [("job", "folder", Path("a\0b")), ("notify", "notify", "http://hooks.test/s3cret")],
)
def test_an_invalid_value_of_a_request_is_refused_with_its_name(
    name: str, field: str, value: object
) -> None:
    with pytest.raises(UsageError, match=rf"^{name}=") as caught:
        ImportRequest(Path("m.csv"), **{field: value})  # type: ignore[arg-type]
    assert "s3cret" not in str(caught.value)


def test_valid_values_are_converted() -> None:
    converted = Settings(
        api_base="https://api.test/v3/", only=[LineRange(1, 2), "a"], max_wait=0, settle=0.0
    )
    assert converted.api_base == "https://api.test/v3"
    assert converted.only == (LineRange(1, 2), "a")
    assert Settings() == Settings(**{each.name: getattr(Settings(), each.name)
                                     for each in settings_of(Settings)})  # fmt: skip


@pytest.mark.parametrize(
    ("given_base", "api", "expected"),
    [
        ("", API_BASE, "https://play.viostream.com"),
        ("", "http://127.0.0.1:8765/v3/api", "http://127.0.0.1:8765"),
        ("", "https://staging.test/v3/api", "https://play.viostream.com"),
        ("https://p.test/", API_BASE, "https://p.test"),
    ],
)
def test_the_base_url_of_embed_codes_depends_on_the_api(
    given_base: str, api: str, expected: str
) -> None:
    assert Settings(api_base=api, embed_base=given_base).embed_base == expected


@pytest.mark.parametrize(
    ("api", "expected"),
    [
        (API_BASE, ""),
        ("https://localhost.test/v3/api", ""),
        ("http://127.0.0.1:8765/v3/api", "127.0.0.1:8765"),
        ("http://localhost/v3/api", "localhost:80"),
        ("https://[::1]/v3/api", "[::1]:443"),
    ],
)
def test_only_an_api_on_this_machine_has_a_private_host_that_is_allowed(
    api: str, expected: str
) -> None:
    assert Settings(api_base=api).own_host == expected


def test_base_urls_are_read_from_environment_variables() -> None:
    environ = {"VIOSTREAM_API_BASE": "https://a.test", "VIOSTREAM_EMBED_BASE": " ", "RATE": "1"}
    assert dict(read_environment(environ)) == {"api_base": "https://a.test"}


@pytest.mark.parametrize(
    "text", ["api.test", "ftp://h/x", "http://", "https://h:x/", "https://h ?"]
)
def test_an_invalid_base_url_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a base URL"):
        base_urls.checked_base_url(text, API_BASE)


@pytest.mark.parametrize("option", OPTIONS.values(), ids=lambda option: option.name)
@given(text=st.text() | st.floats().map(str) | st.integers().map(str))
def test_any_text_is_accepted_or_refused_in_one_line(option: Setting, text: str) -> None:
    fault = refusal(lambda: option.parse(text))
    assert not fault or (fault.setting == option.name and "\n" not in str(fault))


any_value = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(),
    st.lists(st.integers()), st.dictionaries(st.text(), st.integers()), st.builds(object),
)  # fmt: skip


@pytest.mark.parametrize(("owner", "option"), ALL, ids=lambda each: getattr(each, "name", ""))
@settings(max_examples=30)
@given(value=any_value)
def test_any_python_value_is_accepted_or_refused(
    owner: type[Any], option: Setting, value: object
) -> None:
    fault = refusal(lambda: owner(**{option.name: value}))
    assert not fault or fault.setting == option.name
