"""Hypothesis strategies for answers that a correct platform never sends: status, headers, body."""

import json
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

#: A signature that must be in no output, even if the platform repeats it in an answer.
SECRET = "b7Kq9ZtX4mWcR2nP"
SIGNED = f"https://bucket.s3.amazonaws.com/v.mp4?X-Amz-Signature={SECRET}"


@dataclass(frozen=True)
class RawAnswer:
    """An HTTP response as it is received; `delay` is in seconds."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    delay: float = 0.0


_text = st.text(max_size=60) | st.sampled_from(
    [SIGNED, SECRET, "\x1b[2J", "a" * 5_000, "=cmd()", "\ud800"]
)
_scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([10**400, -1, 0, 1e308])
    | _text
)
#: Keys of JSON objects: names that the client reads, and random names.
_names = st.sampled_from(
    "ingestId status error message detail title errors listResult items totalItems id key"
    " referenceId duration thumbnail createdDate progressive download width height".split()
) | st.text(string.ascii_letters, max_size=8)
json_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(_names, inner, max_size=6),
    max_leaves=25,
)


def _encode(value: Any) -> bytes:
    """Return a value as JSON; as an empty object if JSON has no text for it."""
    try:
        return json.dumps(value).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return b"{}"


#: JSON that is nested very deeply, and is not closed.
_nested = st.integers(1, 60_000).flatmap(
    lambda depth: st.sampled_from([b"[", b'{"a":', b'{"error":[', b'{"listResult":']).map(
        lambda piece: piece * depth
    )
)
#: The same bytes many times.
_repeated = st.builds(
    lambda piece, times: piece * times,
    st.sampled_from([b"<", b"<title>", b"&", b"?a=", b"eyJ", b"http://", b'"', b"\\u", b" ", b"9"]),
    st.integers(1, 20_000),
)
#: Bodies that are not JSON, or are JSON without any meaning.
broken_bodies = st.binary(max_size=200) | _nested | _repeated | st.just(b"")
bodies = st.builds(_encode, json_values) | broken_bodies

#: Headers that the client reads, with any text, with impossible dates, or with extreme values.
headers = st.dictionaries(
    st.sampled_from(["Retry-After", "Location", "Content-Type", "X-Request-Id", "Date"]),
    st.text(max_size=40)
    | st.builds(
        "Mon, {} Jan {} {}:00:00 {}".format,
        *[st.integers() | st.integers(0, 31)] * 3,
        st.sampled_from(["GMT", "-0000", "+2359"]) | st.integers().map("{:+}".format),
    )
    | st.sampled_from(
        ["1e999", "-5", "9" * 400, "Thu, 01 Jan 1970 00:00:00 GMT", "http://[", SIGNED, "²", "nan"]
    ),
    max_size=4,
)
statuses = st.integers(100, 599) | st.sampled_from([0, 200, 201, 204, 301, 400, 401, 403, 408, 409])
answers = st.builds(RawAnswer, statuses, headers, bodies)
