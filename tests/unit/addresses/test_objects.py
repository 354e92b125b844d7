"""References to files in cloud storage, and the https URLs of the same files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_import.addresses.column import AddressReader
from batch_import.addresses.objects import (
    as_web_url,
    has_valid_bucket,
    parse_reference,
    percent_encoded,
    same_object_url,
)
from batch_import.addresses.signatures import strip_signature

KEY = "a b/é %?#'\"+&.mp4"
IN_URL = "a%20b/%C3%A9%20%25%3F%23'%22%2B%26.mp4"
AZURE_SIGNATURE = "sv=2024-11-04&se=2099-01-01T00%3A00%3A00Z&sr=b&sp=r&sig=ab%2Bcd%3D"
GOOGLE_SIGNATURE = f"X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Signature={'ab' * 64}"
S3_SIGNATURE = f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=600&X-Amz-Signature={'ab' * 32}"


@pytest.mark.parametrize(
    ("reference", "urls"),
    [
        (
            f"s3://my-bucket/{KEY}",
            [
                f"https://my-bucket.s3.amazonaws.com/{IN_URL}",
                f"http://my-bucket.s3.amazonaws.com/{IN_URL}",
                f"https://my-bucket.s3.eu-west-1.amazonaws.com/{IN_URL}?{S3_SIGNATURE}",
                f"https://my-bucket.s3-us-west-2.amazonaws.com/{IN_URL}",
                f"https://my-bucket.s3.dualstack.eu-west-1.amazonaws.com/{IN_URL}",
                f"https://my-bucket.s3-accelerate.amazonaws.com/{IN_URL}",
                f"https://s3.amazonaws.com/my-bucket/{IN_URL}",
                f"https://s3.eu-west-1.amazonaws.com/my-bucket/{IN_URL}?{S3_SIGNATURE}",
                f"S3://my-bucket/{KEY}",
            ],
        ),
        (
            f"az://account/videos/{KEY}",
            [
                f"https://account.blob.core.windows.net/videos/{IN_URL}",
                f"https://account.blob.core.windows.net/videos/{IN_URL}?{AZURE_SIGNATURE}",
            ],
        ),
        (
            f"gs://my-bucket/{KEY}",
            [
                f"https://storage.googleapis.com/my-bucket/{IN_URL}",
                f"https://my-bucket.storage.googleapis.com/{IN_URL}",
                f"https://storage.googleapis.com/my-bucket/{IN_URL}?{GOOGLE_SIGNATURE}",
            ],
        ),
    ],
)
def test_all_urls_of_an_object_are_equal(reference: str, urls: list[str]) -> None:
    expected = strip_signature(reference)
    assert {strip_signature(url) for url in urls} == {expected}
    column = AddressReader().read([reference, *urls])
    assert set(column.stripped_urls) == {expected}
    assert 0 not in column.expiry_times


@pytest.mark.parametrize(
    "url",
    [
        "https://my-bucket.s3-website-us-east-1.amazonaws.com/a.mp4",
        "https://www.amazonaws.com/my-bucket/a.mp4",
        "https://s3.example.com/my-bucket/a.mp4",
        "https://my-bucket.s3.amazonaws.com/a.mp4?versionId=3",
        "https://s3.amazonaws.com/my-bucket",
    ],
)
def test_other_urls_are_not_mistaken_for_objects(url: str) -> None:
    assert same_object_url(url) == url


def test_different_keys_are_different_videos() -> None:
    keys = ["a b.mp4", "a%20b.mp4", "a+b.mp4", "a.mp4?x=1", "a.mp4#t=1", "a.mp4", "A.mp4"]
    urls = [f"s3://bucket/{key}" for key in keys]
    assert len({strip_signature(url) for url in urls}) == len(keys)
    assert len(set(AddressReader().read(urls).stripped_urls)) == len(keys)


def test_a_signature_in_a_key_is_part_of_the_key() -> None:
    url = f"s3://bucket/a.mp4?{S3_SIGNATURE}"
    assert strip_signature(url) != strip_signature("s3://bucket/a.mp4")
    assert AddressReader().read([url]).expiry_times == {}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("s3://bucket/dir/a.mp4", ("s3", "bucket", "dir/a.mp4")),
        ("AZ://account/c/a?b#c", ("az", "account", "c/a?b#c")),
        ("s3://bucket", ("s3", "bucket", "")),
        ("https://host/a.mp4", None),
        ("HTTP://host/a.mp4", None),
        ("folder/a.mp4", None),
        ("feed:https://host/", None),
    ],
)
def test_a_reference_is_parsed(text: str, parts: tuple[str, ...] | None) -> None:
    assert parse_reference(text) == parts


def test_references_are_percent_encoded() -> None:
    assert percent_encoded("s3://bucket/Lesson #5?.mp4") == "s3://bucket/Lesson%20%235%3F.mp4"
    assert percent_encoded("https://host/a b.mp4") == "https://host/a b.mp4"
    assert as_web_url("az://account/c/a b.mp4") == "https://account/c/a%20b.mp4"


@given(st.text())
def test_any_text_is_accepted(text: str) -> None:
    for url in (text, f"s3://{text}", f"gs://b/{text}", f"https://b.s3.amazonaws.com/{text}"):
        assert AddressReader().read([url]).stripped_urls == [strip_signature(url)]
        as_web_url(url)


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        ("s3://Old_bucket.1/a.mp4", True),
        ("az://account/c/a.mp4", True),
        ("gs://my_bucket.example/a.mp4", True),
        ("other://any name?/a.mp4", True),
        ("s3://my bucket/a.mp4", False),
        ("gs://-bucket/a.mp4", False),
        *((f"az://host.example{end}/c/a.mp4", False) for end in ("?", "#", ":443", "@b", "%2f")),
    ],
)
def test_the_name_of_a_bucket_cannot_change_the_host(text: str, is_valid: bool) -> None:  # noqa: FBT001
    reference = parse_reference(text)
    assert reference
    assert has_valid_bucket(reference) is is_valid
