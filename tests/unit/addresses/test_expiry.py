"""Until when signed URLs are valid. The forms are those of the vendors, the values are invented."""

import base64
import json
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_import.addresses.expiry import expires_at

S3 = "https://my-bucket.s3.eu-west-1.amazonaws.com/videos/a.mp4"
GCS = "https://storage.googleapis.com/my-bucket/a.mp4"
CLOUDFRONT = "https://d111111abcdef8.cloudfront.net/a.mp4"
AZURE = "https://account.blob.core.windows.net/videos/a.mp4"


def moment(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def policy(condition: object) -> str:
    statement = json.dumps({"Statement": [{"Resource": "*", "Condition": condition}]})
    encoded = base64.b64encode(statement.encode()).decode()
    return encoded.translate(str.maketrans("+=/", "-_~"))


MARCH = "2025-03-01T10:00"
S3_V4 = (
    f"{S3}?response-content-disposition=inline&X-Amz-Algorithm=AWS4-HMAC-SHA256"
    "&X-Amz-Credential=AKIAEXAMPLE%2F20250301%2Feu-west-1%2Fs3%2Faws4_request"
    "&X-Amz-Date=20250301T100000Z&X-Amz-Expires=604800&X-Amz-SignedHeaders=host"
    "&X-Amz-Signature=0f1e2d"
)
S3_V2 = f"{S3}?AWSAccessKeyId=AKIAEXAMPLE&Expires=1740823200&Signature=a%2Bb%3D"
GCS_V4 = (
    f"{GCS}?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=a%40b"
    "&X-Goog-Date=20250301T100000Z&X-Goog-Expires=3600&X-Goog-SignedHeaders=host"
    "&X-Goog-Signature=ab12"
)
CUSTOM_POLICY = policy({"DateLessThan": {"AWS:EpochTime": 1740823200}})
SAS = (
    f"{AZURE}?sv=2022-11-02&st=2025-02-01T00%3A00%3A00Z&se=2025-03-01T10%3A00%3A00Z"
    "&sr=b&sp=r&sig=abc%3D"
)
AKAMAI = "https://a.akamaized.net/a.mp4?hdnts=st=1~exp=1740823200~acl=/*~hmac=ab"


@pytest.mark.parametrize(
    ("url", "expires"),
    [
        (S3_V4, "2025-03-08T10:00"),
        (S3_V2, MARCH),
        (f"{S3}?Signature=x&Expires=1740823200&OSSAccessKeyId=k", MARCH),
        (GCS_V4, "2025-03-01T11:00"),
        (f"{GCS}?GoogleAccessId=a%40b&Expires=1740823200&Signature=x", MARCH),
        (f"{CLOUDFRONT}?Expires=1740823200&Signature=x&Key-Pair-Id=K1", MARCH),
        (f"{CLOUDFRONT}?Policy={CUSTOM_POLICY}&Signature=x&Key-Pair-Id=K1", MARCH),
        (SAS, MARCH),
        (f"{AZURE}?sp=r&se=2025-03-01&sig=x", "2025-03-01T00:00"),
        (AKAMAI, MARCH),
        ("https://h/a?HDNEA=exp=1740823200", MARCH),
    ],
)
def test_the_expiry_time_of_each_signing_scheme_is_read(url: str, expires: str) -> None:
    assert expires_at(url) == moment(expires)
    assert expires_at(f"{url}#t=10") == moment(expires)


@pytest.mark.parametrize(
    "url",
    [
        S3,
        f"{S3}?versionId=1",
        f"{S3}?Expires=1740823200",
        f"{S3}?se=2025-03-01",
        f"{S3}?Expires=never&Signature=x",
        f"{S3}?Expires=nan&Signature=x",
        f"{S3}?Expires=1e300&Signature=x",
        f"{S3}?Expires=-5&Signature=x",
        f"{S3}?Expires=&Signature=x",
        f"{S3}?X-Amz-Signature=x&X-Amz-Expires=9",
        f"{S3}?X-Amz-Signature=x&X-Amz-Date=yesterday&X-Amz-Expires=9",
        f"{CLOUDFRONT}?Policy=%00&Signature=x",
        f"{CLOUDFRONT}?Policy={policy({})}&Signature=x",
        f"{CLOUDFRONT}?Policy={policy([])}&Signature=x",
        f"{AZURE}?se=soon&sig=x",
        f"{AZURE}#?se=2025-03-01&sig=x",
        "https://h/a?hdnts=~hmac=ab",
    ],
)
def test_a_url_without_an_expiry_time_never_expires(url: str) -> None:
    assert expires_at(url) == math.inf


@given(st.text(), st.sampled_from(["Expires", "Policy", "se", "X-Amz-Expires", "hdnts"]), st.text())
def test_any_text_is_accepted(before: str, name: str, value: str) -> None:
    signed = "Signature=x&sig=x&X-Amz-Signature=x&X-Amz-Date=20250301T100000Z"
    for query in (f"{name}={value}&{signed}", f"{signed}&{name}={value}", f"{name}={value}"):
        end = expires_at(f"https://h/{before}?{query}")
        assert end == math.inf or 0 < end < 253_370_764_800


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_policy_is_accepted(condition: object) -> None:
    assert expires_at(f"{CLOUDFRONT}?Signature=x&Policy={policy(condition)}") == math.inf
