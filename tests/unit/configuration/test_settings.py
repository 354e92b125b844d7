"""Settings from flags and the environment."""

from typing import Any

import pytest

from batch_import import settings
from batch_import.errors import UsageError


def test_the_flag_wins_over_the_environment() -> None:
    environ = {"VIOSTREAM_API_BASE": "https://env.test/api/"}
    assert settings.api_base("https://flag.test/api/", environ) == "https://flag.test/api"
    assert settings.api_base(None, environ) == "https://env.test/api"
    assert settings.api_base(None, {}) == settings.API_BASE


@pytest.mark.parametrize(
    "text",
    ["api.test", "ftp://h/x", "http://", "http://api.test/v3", "https://u:p@h/", "https://h:x/"],
)
def test_a_base_that_would_not_work_or_leak_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        settings.api_base(text, {})
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize(
    ("flag", "api", "expected"),
    [
        (None, settings.API_BASE, "https://play.viostream.com"),
        (None, "http://127.0.0.1:8765/v3/api", "http://127.0.0.1:8765"),
        (None, "https://staging.test/v3/api", "https://play.viostream.com"),
        ("https://p.test/", settings.API_BASE, "https://p.test"),
    ],
)
def test_where_embed_codes_point(flag: str | None, api: str, expected: str) -> None:
    assert settings.embed_base(flag, api, {}) == expected


@pytest.mark.parametrize(
    ("api", "expected"),
    [
        (settings.API_BASE, ""),
        ("https://localhost.test/v3/api", ""),
        ("http://127.0.0.1:8765/v3/api", "127.0.0.1:8765"),
        ("http://localhost/v3/api", "localhost:80"),
        ("https://[::1]/v3/api", "[::1]:443"),
    ],
)
def test_only_an_api_on_this_machine_has_a_host_that_may_be_asked(api: str, expected: str) -> None:
    assert settings.Settings(api_base=api).own_host == expected


@pytest.mark.parametrize(
    "told",
    [
        {"rate": 0.0},
        {"rate": float("nan")},
        {"workers": -1},
        {"max_wait": -1.0},
        {"api_base": "http://api.test/v3"},
        {"embed_base": "player"},
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"The setting {next(iter(told))} "):
        settings.Settings(**told)


def test_a_wait_may_be_nothing() -> None:
    assert settings.Settings(max_wait=0.0, settle=0.0, log_max=0.0).settle == 0
