"""The source s3: without a network, against moto, which checks no signature."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto import mock_aws

from batch_import.errors import UsageError
from batch_import.sources import access_checks
from batch_import.sources.s3 import S3Source
from batch_import.sources.source import (
    ListedVideo,
    ListingOptions,
    ReferenceRefused,
    SigningFailed,
    SkippedItem,
    SourceUnavailable,
)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        where = {"LocationConstraint": "eu-west-1"}
        client.create_bucket(Bucket="videos", CreateBucketConfiguration=where)
        yield client


def list_bucket(location: str) -> list[ListedVideo | SkippedItem]:
    return list(S3Source().videos(location, ListingOptions()))


def test_a_listed_object_has_title_folder_size_and_date(client: Any) -> None:
    client.put_object(Bucket="videos", Key="dir/sub/Lesson #5.MP4", Body=b"1234")
    client.put_object(Bucket="videos", Key="dir/", Body=b"")
    client.put_object(Bucket="videos", Key="other/a.mp4", Body=b"1")

    (video,) = list_bucket("s3://videos/dir/")

    assert isinstance(video, ListedVideo)
    assert video.url == "s3://videos/dir/sub/Lesson #5.MP4"
    assert (video.title, video.extension, video.size) == ("Lesson #5", "mp4", 4)
    assert (video.folder, video.path) == ("dir/sub", "dir/sub/Lesson #5.MP4")
    assert video.modified_at is not None
    assert video.modified_at.tzinfo is not None


def test_an_object_that_cannot_be_downloaded_is_skipped_with_a_reason(client: Any) -> None:
    client.put_object(Bucket="videos", Key="old.mp4", Body=b"1", StorageClass="GLACIER")
    client.put_object(Bucket="videos", Key="two\nlines.mp4", Body=b"1")
    client.put_object(Bucket="videos", Key="space.mp4 ", Body=b"1")

    items = list_bucket("s3://videos")

    assert all(isinstance(item, SkippedItem) for item in items)
    reasons = {item.name: item.reason for item in items if isinstance(item, SkippedItem)}
    assert "Restore" in reasons["old.mp4"]
    assert "Rename" in reasons["two\\nlines.mp4"]
    assert "Rename" in reasons["space.mp4 "]


@pytest.mark.usefixtures("client")
def test_the_region_of_the_bucket_is_part_of_the_signature() -> None:
    url = S3Source().signed_url("s3://videos/missing.mp4", 600)
    query = parse_qs(urlsplit(url).query)
    assert "/eu-west-1/s3/" in query["X-Amz-Credential"][0]
    assert query["X-Amz-Expires"] == ["600"]


def test_access_is_checked_once_in_five_minutes(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.put_object(Bucket="videos", Key="a.mp4", Body=b"1")
    now = 1000.0
    monkeypatch.setattr(access_checks.time, "monotonic", lambda: now)
    source, requests = S3Source(), list[str]()
    source.signed_url("s3://videos/a.mp4", 60)
    signing_client = source._clients["videos"]  # noqa: SLF001 - to see its requests
    signing_client.meta.events.register(
        "before-call.s3.GetObject", lambda **_: requests.append("GET")
    )
    for _ in range(10):
        source.signed_url("s3://videos/a.mp4", 60)
    assert requests == []
    now += 301.0
    source.signed_url("s3://videos/a.mp4", 60)
    source.signed_url("s3://videos/a.mp4", 60)
    assert requests == ["GET"]


@pytest.mark.usefixtures("client")
def test_a_missing_bucket_is_an_error() -> None:
    with pytest.raises(SourceUnavailable, match="NoSuchBucket"):
        list_bucket("s3://no-such-bucket")
    with pytest.raises(ReferenceRefused, match="NoSuchBucket"):
        S3Source().signed_url("s3://no-such-bucket/a.mp4", 60)


@pytest.mark.usefixtures("client")
def test_a_busy_storage_does_not_block_the_thread_that_signs() -> None:
    source, requests = S3Source(), list[str]()

    class Body:
        def stream(self) -> Iterator[bytes]:
            yield b"<Error><Code>SlowDown</Code><Message>Slow down</Message></Error>"

    def busy(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        requests.append(request.method)
        return AWSResponse(request.url, 503, {}, Body())

    source._client().meta.events.register("before-send.s3", busy)  # noqa: SLF001 - to answer it
    with pytest.raises(SigningFailed, match="SlowDown"):
        source.signed_url("s3://videos/a.mp4", 60)
    assert requests == ["HEAD", "GET"]


def test_an_invalid_bucket_name_fails_only_its_row() -> None:
    with pytest.raises(ReferenceRefused, match="s3://my bucket/"):
        S3Source().signed_url("s3://my bucket/a.mp4", 60)


def test_a_location_without_a_bucket_is_refused() -> None:
    with pytest.raises(UsageError, match="names no bucket"):
        list_bucket("s3://")
