"""A small S3 server for tests, which verifies signatures and their expiry.

It is written from the AWS documentation ("Signature Version 4 signing process", "Authenticating
Requests: Using Query Parameters"). The npm package s3rver could not be used: it accepts any
signature of version 4.
"""

import hashlib
import hmac
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, unquote
from xml.sax.saxutils import escape

ACCESS_KEY, SECRET_KEY, REGION = "AKIATEST", "a-secret-that-must-not-be-seen", "eu-west-1"
MP4 = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41" + bytes(200)
#: Keys with characters that some programs encode wrongly.
ODD_KEYS = (
    "a b.mp4", "é ü.mp4", "100%.mp4", "50%25.mp4", "what?.mp4", "q?x=1.mp4", "Lesson #5.mp4",
    "it's \"quoted\".mp4", "p+q.mp4", "a&b=c.mp4", "dir/sub dir/ü+%20.mp4",
    "semi;colon,comma@at!$(x)*.mp4", "s//double.mp4", "[b]{c}|~^`.mp4",
)  # fmt: skip


class SignedStorage(ThreadingHTTPServer):
    """An HTTP server with the objects of all buckets.

    Attributes:
        objects: `bucket/key` → content of the object.
        fetched: `bucket/key` of each object that was downloaded by a valid signed URL.
        refused: S3's error code of each request that was refused.
        expired_keys: access keys whose session has expired.
        forbidden: keys that nobody may read.
        is_down: whether every request is answered with 503.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, bytes] = {}
        self.fetched: list[str] = []
        self.refused: list[str] = []
        self.expired_keys: set[str] = set()
        self.forbidden: set[str] = set()
        self.is_down = False
        self.address = f"http://127.0.0.1:{self.server_port}"

    @property
    def environ(self) -> dict[str, str]:
        """The environment variables with which AWS's own clients use this server."""
        return {
            "AWS_ENDPOINT_URL_S3": self.address,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
        }

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a client that closed its connection."""


@contextmanager
def signed_storage() -> Iterator[SignedStorage]:
    """Run the server in a thread until the block ends."""
    with SignedStorage() as storage:
        thread = threading.Thread(target=storage.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield storage
        storage.shutdown()
        thread.join()


class _Refused(Exception):
    """The request is refused; the message is the HTTP status and S3's error code."""


class _Handler(BaseHTTPRequestHandler):
    server: SignedStorage
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Print nothing."""

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        parameters = dict(parse_qsl(query, keep_blank_values=True))
        try:
            self._verify_request(path, query, parameters)
            self._answer(unquote(path), parameters)
        except _Refused as refused:
            status, code = str(refused).split()
            self.server.refused.append(code)
            body = f"<Error><Code>{code}</Code><Message>Refused</Message></Error>"
            self._send(int(status), body.encode())

    do_HEAD = do_GET  # noqa: N815  (the base class's name)

    def _verify_request(self, path: str, query: str, parameters: Mapping[str, str]) -> None:
        if self.server.is_down:
            raise _Refused("503 ServiceUnavailable")
        if "X-Amz-Signature" in parameters:
            self._verify_url(path, query, parameters)
        else:
            self._verify_header(path, query)

    # Signatures ---------------------------------------------------------------------------------

    def _verify_url(self, path: str, query: str, parameters: Mapping[str, str]) -> None:
        signed_at = datetime.strptime(parameters["X-Amz-Date"], "%Y%m%dT%H%M%SZ")  # noqa: DTZ007
        end = signed_at.replace(tzinfo=UTC).timestamp() + int(parameters["X-Amz-Expires"])
        if time.time() > end:
            raise _Refused("403 AccessDenied")
        signed_query = "&".join(
            parameter
            for parameter in query.split("&")
            if not parameter.startswith("X-Amz-Signature=")
        )
        self._verify(
            path,
            signed_query,
            parameters["X-Amz-Credential"],
            parameters["X-Amz-SignedHeaders"],
            parameters["X-Amz-Date"],
            "UNSIGNED-PAYLOAD",
            parameters["X-Amz-Signature"],
        )

    def _verify_header(self, path: str, query: str) -> None:
        method, _, rest = self.headers.get("Authorization", "").partition(" ")
        if method != "AWS4-HMAC-SHA256":
            raise _Refused("403 AccessDenied")
        parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
        payload = self.headers["x-amz-content-sha256"]
        date = self.headers["x-amz-date"]
        signature = parts["Signature"]
        self._verify(
            path, query, parts["Credential"], parts["SignedHeaders"], date, payload, signature
        )

    def _verify(
        self,
        path: str,
        query: str,
        credential: str,
        headers: str,
        date: str,
        payload: str,
        sent_signature: str,
    ) -> None:
        """Compute the signature of the request, and compare it with the one that was sent."""
        access_key, day, region, service, _ = credential.split("/")
        if access_key in self.server.expired_keys:
            raise _Refused("400 ExpiredToken")
        if access_key != ACCESS_KEY:
            raise _Refused("403 InvalidAccessKeyId")
        pairs = sorted(
            f"{quote(name, '-_.~')}={quote(value, '-_.~')}"
            for name, value in parse_qsl(query, keep_blank_values=True)
        )
        lines = [f"{name}:{' '.join(self.headers[name].split())}" for name in headers.split(";")]
        canonical = [
            self.command,
            quote(unquote(path), "/-_.~"),
            "&".join(pairs),
            *lines,
            "",
            headers,
        ]
        request = hashlib.sha256("\n".join([*canonical, payload]).encode()).hexdigest()
        scope = f"{day}/{region}/{service}/aws4_request"
        key = f"AWS4{SECRET_KEY}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{request}"
        expected_signature = hmac.digest(key, text.encode(), "sha256").hex()
        if not hmac.compare_digest(expected_signature, sent_signature):
            raise _Refused("403 SignatureDoesNotMatch")

    # Answers ------------------------------------------------------------------------------------

    def _answer(self, path: str, parameters: Mapping[str, str]) -> None:
        name = path.removeprefix("/")
        bucket, _, key = name.partition("/")
        if not key:
            self._list(bucket, parameters)
        elif name in self.server.forbidden:
            raise _Refused("403 AccessDenied")
        elif name not in self.server.objects:
            raise _Refused("404 NoSuchKey")
        else:
            if "X-Amz-Signature" in parameters:
                self.server.fetched.append(name)
            self._send(200, self.server.objects[name], "video/mp4")

    def _list(self, bucket: str, parameters: Mapping[str, str]) -> None:
        if not any(name.startswith(f"{bucket}/") for name in self.server.objects):
            raise _Refused("404 NoSuchBucket")
        start = f"{bucket}/{parameters.get('prefix', '')}"
        keys = sorted(
            name[len(bucket) + 1 :] for name in self.server.objects if name.startswith(start)
        )
        first, page_size = int(parameters.get("continuation-token", 0)), 5
        items = "".join(
            f"<Contents><Key>{escape(quote(key, '/-_.~'))}</Key><Size>{len(MP4)}</Size>"
            "<LastModified>2026-01-02T03:04:05.000Z</LastModified>"
            "<StorageClass>STANDARD</StorageClass></Contents>"
            for key in keys[first : first + page_size]
        )
        next_first = first + page_size
        has_more = next_first < len(keys)
        token = f"<NextContinuationToken>{next_first}</NextContinuationToken>" if has_more else ""
        body = (
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<EncodingType>url</EncodingType><IsTruncated>{str(has_more).lower()}</IsTruncated>"
            f"{token}{items}</ListBucketResult>"
        )
        self._send(200, body.encode())

    def _send(self, status: int, body: bytes, content_type: str = "application/xml") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
