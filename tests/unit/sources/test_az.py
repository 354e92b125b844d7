"""The source az: which key signs, and how often a user delegation key is requested."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from azure.storage.blob import UserDelegationKey

from batch_import.errors import UsageError
from batch_import.sources import az
from batch_import.sources.az import AzSource
from batch_import.sources.source import ListingOptions, ReferenceRefused


class _Client:
    """A client with an identity, and no key of the account."""

    def __init__(self) -> None:
        self.credential = object()
        self.requested: list[tuple[datetime, datetime]] = []

    def get_user_delegation_key(
        self, start: datetime, expiry: datetime, **_: Any
    ) -> UserDelegationKey:
        self.requested.append((start, expiry))
        key = UserDelegationKey()
        key.signed_oid = key.signed_tid = "00000000-0000-0000-0000-000000000000"
        key.signed_start, key.signed_expiry = f"{start:%FT%TZ}", f"{expiry:%FT%TZ}"
        key.signed_service, key.signed_version = "b", "2024-11-04"
        key.value = base64.b64encode(b"delegation key").decode()
        return key

    def get_blob_client(self, container: str, blob: str) -> Any:
        class Blob:
            url = f"https://account.blob.core.windows.net/{container}/{blob}"

            def get_blob_properties(self, **_: Any) -> None:
                """It is there."""

        return Blob()


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> _Client:
    client = _Client()
    monkeypatch.setattr(az, "_client", lambda _account: client)
    return client


def test_one_delegation_key_signs_many_urls(client: _Client) -> None:
    source, now = AzSource(), datetime.now(UTC)
    for number in range(50):
        url = source.signed_url(f"az://account/videos/{number}.mp4", 12 * 3600)
        query = parse_qs(url.partition("?")[2])
        assert query["sp"] == ["r"]
        assert query["skoid"] == ["00000000-0000-0000-0000-000000000000"]
    ((start, expiry),) = client.requested
    assert start < now
    assert 23 * 3600 < (expiry - now).total_seconds() < 25 * 3600


def test_a_delegation_key_that_expires_before_the_url_is_replaced(client: _Client) -> None:
    source = AzSource()
    source.signed_url("az://account/videos/a.mp4", 3600)
    source.signed_url("az://account/videos/a.mp4", 6 * 3600)
    source.signed_url("az://account/videos/a.mp4", source.max_url_seconds)
    assert len(client.requested) == 3
    life = client.requested[-1][1] - datetime.now(UTC)
    assert life <= timedelta(days=7)


def test_one_delegation_key_signs_many_urls_of_the_longest_validity(client: _Client) -> None:
    source = AzSource()
    for _ in range(3):
        source.signed_url("az://account/videos/a.mp4", source.max_url_seconds)
    assert len(client.requested) == 1


@pytest.mark.usefixtures("client")
def test_a_reference_without_a_blob_is_refused() -> None:
    with pytest.raises(ReferenceRefused, match="az://account/container/blob"):
        AzSource().signed_url("az://account/videos", 60)


def test_a_manifest_cannot_choose_the_host_that_gets_the_credentials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(az, "_client", lambda name: pytest.fail(f"a client of {name}"))
    for end in ("?", "#", ":443", "@b", "%2f"):
        with pytest.raises(ReferenceRefused):
            AzSource().signed_url(f"az://host.example{end}/videos/a.mp4", 60)
        with pytest.raises(UsageError, match="names no account/container"):
            next(AzSource().videos(f"az://host.example{end}/videos", ListingOptions()))


@pytest.mark.parametrize(
    ("environ", "has_key"),
    [
        ({"AZURE_STORAGE_KEY": "a2V5"}, True),
        ({"AZURE_STORAGE_KEY": "a2V5", "AZURE_STORAGE_ACCOUNT": "another"}, False),
        (
            {
                "AZURE_STORAGE_CONNECTION_STRING": "DefaultEndpointsProtocol=https;"
                "AccountName=account;AccountKey=a2V5;EndpointSuffix=core.windows.net"
            },
            True,
        ),
    ],
)
def test_an_account_key_is_used_only_for_its_own_account(
    environ: dict[str, str],
    has_key: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    found = az._client("account")  # noqa: SLF001 - no request may be made to see it
    assert found.url == "https://account.blob.core.windows.net/"
    assert hasattr(found.credential, "account_key") is has_key
