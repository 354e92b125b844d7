"""Signing the reference of a row by the source of its scheme."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from batch_import.errors import UsageError
from batch_import.sources import registry
from batch_import.sources.signing import SignedUrl, UrlSigner
from batch_import.sources.source import ReferenceRefused, SigningFailed, SourceUnavailable


class _Hourly:
    """A source whose URLs are valid for an hour at most."""

    max_url_seconds = 3600

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def videos(self, *_: Any) -> Iterator[Any]:
        yield from ()

    def signed_url(self, reference: str, seconds: int) -> str:
        if self.error:
            raise self.error
        return f"https://signed.example/{reference}?{seconds}"


class _ListOnly:
    def videos(self, *_: Any) -> Iterator[Any]:
        yield from ()


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    sources: dict[str, Any] = {"hourly": _Hourly(), "list": _ListOnly()}
    monkeypatch.setattr(registry, "schemes", lambda: frozenset(sources))
    monkeypatch.setattr(registry, "source_of", sources.__getitem__)
    return sources


@pytest.mark.parametrize(("validity_seconds", "seconds"), [(60.0, 60), (43_200.0, 3600), (0.5, 1)])
@pytest.mark.usefixtures("installed")
def test_a_url_is_valid_as_long_as_wanted_and_the_source_allows(
    validity_seconds: float, seconds: int
) -> None:
    signed = UrlSigner(validity_seconds).sign("hourly://a/b.mp4")
    assert signed == SignedUrl(f"https://signed.example/hourly://a/b.mp4?{seconds}", seconds)
    assert "signed.example" not in repr(signed)


@pytest.mark.usefixtures("installed")
def test_a_web_url_is_not_signed() -> None:
    assert UrlSigner(60.0).sign("https://host/a.mp4") is None


@pytest.mark.parametrize("scheme", ["list", "unknown"])
@pytest.mark.usefixtures("installed")
def test_a_source_that_cannot_sign_refuses_the_reference(scheme: str) -> None:
    assert not registry.is_signed_scheme(scheme)
    with pytest.raises(ReferenceRefused, match=scheme):
        UrlSigner(60.0).sign(f"{scheme}://a/b.mp4")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ReferenceRefused("no"), ReferenceRefused),
        (SourceUnavailable("no"), SourceUnavailable),
        (SigningFailed("no"), SigningFailed),
        (ZeroDivisionError("secret"), SigningFailed),
    ],
)
def test_any_error_of_a_source_becomes_one_of_three_errors(
    installed: dict[str, Any], error: Exception, expected: type[Exception]
) -> None:
    installed["hourly"] = _Hourly(error)
    with pytest.raises(expected) as caught:
        UrlSigner(60.0).sign("hourly://a/b.mp4")
    assert "secret" not in str(caught.value)


def test_the_error_for_a_missing_package_names_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    monkeypatch.delitem(sys.modules, "batch_import.sources.s3", raising=False)
    registry.source_of.cache_clear()
    try:
        with pytest.raises(UsageError) as caught:
            registry.is_signed_scheme("s3")
    finally:
        registry.source_of.cache_clear()
    assert "boto3" in caught.value.message
    assert caught.value.hint == "pip install 'viostream-batch-import[s3]'"
