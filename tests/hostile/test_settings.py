"""Refuses URLs that must not get the API key, private IP addresses, and values out of range."""

import math
from ipaddress import ip_address
from pathlib import Path

import pytest

from batch_import.cli import main
from batch_import.configuration.settings import Settings
from batch_import.errors import UsageError
from batch_import.manifest.rules.hosts import is_public
from batch_import.web.session import session_without_credentials


@pytest.mark.parametrize(
    "values",
    [
        {"limit": 0}, {"until": math.nan}, {"rate": math.inf}, {"rate": 0}, {"refresh": 1e12},
        {"max_in_flight": 0.5}, {"workers": 10**6}, {"workers": True}, {"settle": math.nan},
        {"poll_interval": 0}, {"give_up_after": -1}, {"log_max": math.nan},
        {"timeout": (0, 1)}, {"timeout": (math.nan, 1)}, {"timeout": (1, math.inf)},
        {"timeout": (True, 1)}, {"timeout": 5},
    ],
    ids=str,
)  # fmt: skip
def test_a_value_out_of_its_range_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(UsageError) as refused:
        Settings(**values)  # type: ignore[arg-type]
    assert refused.value.setting in values


@pytest.mark.parametrize(
    "base",
    [
        "https://a b", "https://a..b", "https://...", "https://-a.example", "https://a%20b",
        "https://a\\b", "https://a.example?", "https://a.example#", "https://[::1",
        "https://" + "a" * 64 + ".example", "https://" + "a." * 200 + "example",
        "http://127.0.0.1:0", "https://a.example:99999", "https:///x", "https://me:pw@a.example",
        "http://a.example", "ftp://a.example", "https://a.example/\x1b[2J", "",
    ],
)  # fmt: skip
def test_an_invalid_base_url_is_refused(base: str) -> None:
    with pytest.raises(UsageError, match="api_base"):
        Settings(api_base=base)


@pytest.mark.parametrize(
    "base",
    ["https://api.example/v3", "https://a_b.example:8443", "https://bücher.example", "https://h."]  # noqa: RUF005
    + [
        "http://localhost:1",
        "http://127.0.0.1:8765/v3/api",
        "http://[::1]:80",
        "https://[2606::1]",
    ],
)
def test_a_valid_base_url_is_accepted(base: str) -> None:
    assert Settings(api_base=base).api_base == base


@pytest.mark.parametrize(
    "address",
    "fec0::1 feff::1 fe80::1 fc00::1 ::1 ff02::1 2001:db8::1 3fff::1 4000::1 ::7f00:1"
    " 64:ff9b::7f00:1 2002:7f00:1:: ::ffff:10.0.0.1 100::1 5f00::1".split(),
)
def test_private_addresses_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["2606:4700::1", "2a00::1", "64:ff9b::808:808", "8.8.8.8"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("base", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"])
def test_no_proxy_is_used_for_this_machine(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert session_without_credentials(base).proxies == {}
    assert (
        session_without_credentials("http://h.example").proxies["http"]
        == "http://proxy.example:3128"
    )


def test_a_configuration_file_that_was_not_named_cannot_set_the_api_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("batch-import.yaml").write_text("rate: 5\napi-base: https://elsewhere.example\n")
    assert main(["check", "m.csv"]) == 2
    refused = capsys.readouterr().err
    assert "batch-import.yaml, line 2: api-base decides where your API key is sent" in refused
    assert main(["check", "m.csv", "--config", "batch-import.yaml"]) == 2
    assert "There is no manifest m.csv" in capsys.readouterr().err
