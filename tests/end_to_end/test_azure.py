"""References to Azure Blob Storage, against Azurite, which verifies signatures and their expiry."""

import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient
from signed_storage import MP4, ODD_KEYS

from batch_import.sources.az import AzSource
from batch_import.sources.source import ListedVideo, ListingOptions, SourceUnavailable

FAST = ("--rate", "200", "--poll-interval", "0.3", "--log-max", "5")
ACCOUNT = "devstoreaccount1"
#: The account key that the documentation of Azurite gives.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
CONTAINER = f"az://{ACCOUNT}/videos"
#: Maximum number of seconds in which Azurite starts on a busy machine.
PATIENCE = 60.0


@pytest.fixture(scope="module")
def azurite(program: Callable[[str], str]) -> Iterator[str]:
    """Start Azurite, and yield the connection string of its account."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    process = subprocess.Popen(
        [program("azurite-blob"), "--blobHost", "127.0.0.1", "--blobPort", str(port), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            assert process.poll() is None, "Azurite has ended"
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        connection = (
            f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
            f"BlobEndpoint=http://127.0.0.1:{port}/{ACCOUNT};"
        )
        container = BlobServiceClient.from_connection_string(connection).create_container("videos")
        for key in ODD_KEYS:
            container.upload_blob(key, MP4)
        yield connection
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def connection(azurite: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azurite)
    return azurite


def download(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.usefixtures("connection")
def test_files_with_unusual_names_are_listed_signed_and_fetched(
    sandbox: Callable, command: Callable, tmp_path: Path
) -> None:
    listed = list(AzSource().videos(CONTAINER, ListingOptions()))
    urls = [item.url for item in listed if isinstance(item, ListedVideo)]
    assert sorted(urls) == sorted(f"{CONTAINER}/{key}" for key in ODD_KEYS)
    run = command(sandbox(fetch=True))

    run("manifest", CONTAINER, "-o", "videos.csv")
    done = run("run", "videos.csv", *FAST)

    assert f"{len(urls)} imported" in done.stdout
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or b"sig=" not in file.read_bytes(), file
        assert not file.is_file() or KEY.encode() not in file.read_bytes(), file


@pytest.mark.usefixtures("connection")
def test_an_expired_or_changed_signature_fails_and_a_new_one_works() -> None:
    source, reference = AzSource(), f"{CONTAINER}/{ODD_KEYS[0]}"
    short, fresh = source.signed_url(reference, 1), source.signed_url(reference, 60)
    assert download(fresh) == 200
    assert download(fresh.replace("sig=", "sig=A")) == 403
    assert download(fresh.partition("?")[0]) in (403, 404, 409)
    time.sleep(2.1)  # the URL expires at the end of a second
    assert download(short) == 403


def test_a_wrong_account_key_cannot_sign(connection: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection.replace("Eby8", "Eby9"))
    with pytest.raises(SourceUnavailable, match=r"AuthorizationFailure.*az login"):
        AzSource().signed_url(f"{CONTAINER}/{ODD_KEYS[0]}", 60)
