"""The source gs: its signatures, verified with the public key as Google's documentation says."""

import hashlib
import json
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from google.api_core.exceptions import BadRequest
from signed_storage import ODD_KEYS

from batch_import.sources import gs
from batch_import.sources.gs import GsSource
from batch_import.sources.source import ReferenceRefused, SourceUnavailable


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def _service_account(
    key: rsa.RSAPrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = tmp_path / "key.json"
    path.write_text(
        json.dumps(
            {
                "type": "service_account",
                "project_id": "p",
                "private_key_id": "1",
                "private_key": pem.decode(),
                "client_email": "signer@p.example",
                "token_uri": "https://token.example",
            }
        )
    )
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    monkeypatch.setattr(gs, "_check", lambda _blob: None)


def verify_signature(url: str, key: rsa.RSAPrivateKey) -> None:
    """Recompute what was signed (Google Cloud documentation, "V4 signing process")."""
    parts = urlsplit(url)
    parameters = parse_qsl(parts.query, keep_blank_values=True)
    signature = bytes.fromhex(dict(parameters)["X-Goog-Signature"])
    query = "&".join(
        sorted(
            f"{quote(name, '-_.~')}={quote(value, '-_.~')}"
            for name, value in parameters
            if name != "X-Goog-Signature"
        )
    )
    values = dict(parameters)
    path = quote(unquote(parts.path), "/-_.~")
    lines = ["GET", path, query, f"host:{parts.netloc}", "", "host", "UNSIGNED-PAYLOAD"]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    scope = values["X-Goog-Credential"].partition("/")[2]
    text = f"GOOG4-RSA-SHA256\n{values['X-Goog-Date']}\n{scope}\n{digest}"
    key.public_key().verify(signature, text.encode(), padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.usefixtures("_service_account")
@pytest.mark.parametrize("emulator", [None, "http://127.0.0.1:4443"])
def test_urls_of_unusual_keys_are_signed_correctly(
    key: rsa.RSAPrivateKey, emulator: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if emulator:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", emulator)
    source = GsSource()
    for name in ODD_KEYS:
        url = source.signed_url(f"gs://bucket/{name}", 600)
        parts = urlsplit(url)
        assert url.startswith(f"{emulator or 'https://storage.googleapis.com'}/bucket/")
        assert unquote(parts.path) == f"/bucket/{name}"
        assert dict(parse_qsl(parts.query))["X-Goog-Expires"] == "600"
        verify_signature(url, key)


@pytest.mark.usefixtures("_service_account")
def test_a_wrong_reference_does_not_make_the_source_unavailable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ReferenceRefused, match="gs://-bucket/"):
        GsSource().signed_url("gs://-bucket/a.mp4", 60)

    def refuse(_blob: object) -> None:
        raise BadRequest("The name is too long.")

    monkeypatch.setattr(gs, "_check", refuse)
    with pytest.raises(ReferenceRefused, match=r"400: The name is too long\."):
        GsSource().signed_url("gs://bucket/a.mp4", 60)


def test_the_error_for_missing_credentials_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    with pytest.raises(SourceUnavailable, match="GOOGLE_APPLICATION_CREDENTIALS") as caught:
        GsSource().signed_url("gs://bucket/a.mp4", 60)
    assert "\n" not in str(caught.value)


def test_user_credentials_cannot_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "user.json"
    fields = {"client_id": "c", "client_secret": "s", "refresh_token": "t"}
    path.write_text(json.dumps({"type": "authorized_user", **fields}))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    monkeypatch.setattr(gs, "_check", lambda _blob: None)
    with pytest.raises(SourceUnavailable, match="users cannot sign"):
        GsSource().signed_url("gs://bucket/a.mp4", 60)
