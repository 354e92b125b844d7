"""Measures listing and signing of cloud storage, compared with only the library boto3.

- Listing 100,000 objects: pages of boto3, and the same pages as videos of the program.
- Signing 10,000 references: signatures of boto3, and signed URLs of the program. A reference is a
  text such as `s3://bucket/key`.
- A run of 10,000 rows with references, and one with https URLs: requests per row.

Both contenders of a figure run in this process, in turns; the ratio is that of their medians. The
pages are made once by moto and replayed, so that the time of moto is not measured. The exit code is
1 if a target is missed.
"""
# ruff: noqa: T201 - a command, which prints its table

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
from botocore.awsrequest import AWSResponse
from moto import mock_aws
from moto.core.botocore_stubber import MockRawResponse
from moto.s3.models import s3_backends

sys.path.insert(0, str(Path(__file__).parents[1]))  # what tests of several tiers share

from run import Sandbox
from samples import sample
from signed_storage import ACCESS_KEY, MP4, REGION, SECRET_KEY, signed_storage

from batch_import.sources import s3
from batch_import.sources.s3 import S3Source
from batch_import.sources.signing import UrlSigner
from batch_import.sources.source import ListingOptions

#: Maximum ratios to the other contender.
LISTING_TARGET, SIGNING_TARGET, CALLS_TARGET = 1.3, 1.5, 1.01
#: Maximum peak memory while a list is read, in MB: a few pages of a thousand objects.
MEMORY_TARGET = 20.0
BUCKET = "videos"
#: Seconds for which a signature is valid: twelve hours.
SIGNATURE_SECONDS = 12 * 3600


class Pages:
    """The response bodies of all pages of a list, made once by moto: URL → body."""

    def __init__(self, count: int) -> None:
        self._bodies: dict[str, bytes] = {}
        backend = s3_backends["123456789012"]["aws"]
        client = boto3.client("s3")
        location = {"LocationConstraint": REGION}
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location)
        for number in range(count):
            backend.put_object(BUCKET, f"course {number % 100}/Lesson {number}.mp4", b"")
        client.meta.events.register_last("before-parse.s3.ListObjectsV2", self._record)
        self._url = ""
        client.meta.events.register("before-send.s3.ListObjectsV2", self._note_url)
        self.count = sum(1 for _ in list_with_library(client))

    def _note_url(self, request: Any, **_: object) -> None:
        self._url = request.url

    def _record(self, response_dict: dict[str, Any], **_: object) -> None:
        self._bodies[self._url] = response_dict["body"]

    def replay(self, client: Any) -> Any:
        """Return a client after a change: it gets these responses without moto."""
        client.meta.events.register_first("before-send.s3.ListObjectsV2", self._answer)
        return client

    def _answer(self, request: Any, **_: object) -> AWSResponse:
        body = self._bodies[request.url]
        headers = {"content-type": "application/xml"}
        return AWSResponse(request.url, 200, headers, MockRawResponse(body))  # type: ignore[arg-type]


def list_with_library(client: Any) -> Any:
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=""):
        yield from page.get("Contents", ())


def count_items(items: Any) -> int:
    return sum(1 for _ in items)


def compare(
    program: Callable[[], object], library: Callable[[], object], rounds: int
) -> tuple[float, float, float]:
    """Run both in turns; returns the ratio of their median times, and both medians in seconds."""
    times: dict[Callable[[], object], list[float]] = {library: [], program: []}
    for _ in range(rounds):
        for contender, contender_times in times.items():
            started = time.process_time()
            contender()
            contender_times.append(time.process_time() - started)
    program_median, library_median = (
        statistics.median(times[contender]) for contender in (program, library)
    )
    return program_median / library_median, program_median, library_median


def listing(count: int, rounds: int) -> list[tuple[str, float, float, str]]:
    with mock_aws():
        pages = Pages(count)
    client = pages.replay(boto3.client("s3"))
    source = S3Source()
    with patch.object(source, "_client", lambda: client):

        def list_videos() -> int:
            return count_items(source.videos(f"s3://{BUCKET}", ListingOptions()))

        assert list_videos() == pages.count == count
        ratio, program, library = compare(
            list_videos, lambda: count_items(list_with_library(client)), rounds
        )
        tracemalloc.start()
        list_videos()
        peak = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
    note = f"{program:.2f} s, bare {library:.2f} s"
    return [
        (f"listing {count:,} objects, times the bare library", ratio, LISTING_TARGET, note),
        ("peak of memory while listing, MB", peak, MEMORY_TARGET, ""),
    ]


def signing(count: int, rounds: int) -> list[tuple[str, float, float, str]]:
    keys = [f"course {number % 100}/Lesson {number}.mp4" for number in range(count)]
    with signed_storage() as storage:
        os.environ.update(storage.environ)
        storage.objects[f"{BUCKET}/{keys[0]}"] = MP4
        client = boto3.client("s3", config=s3.CONFIG)
        sign = UrlSigner(SIGNATURE_SECONDS).sign

        def sign_with_program() -> None:
            for key in keys:
                sign(f"s3://{BUCKET}/{key}")

        def sign_with_library() -> None:
            for key in keys:
                target = {"Bucket": BUCKET, "Key": key}
                client.generate_presigned_url("get_object", target, SIGNATURE_SECONDS)

        sign_with_program()
        ratio, program, library = compare(sign_with_program, sign_with_library, rounds)
        note = f"{program / count * 1e6:.0f} µs a row, bare {library / count * 1e6:.0f} µs"
    return [("signing, times the bare library", ratio, SIGNING_TARGET, note)]


def calls(rows: int) -> list[tuple[str, float, float, str]]:
    with signed_storage() as storage, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        storage.objects |= {f"{BUCKET}/{number}.mp4": MP4 for number in range(1, rows + 1)}
        requests_per_row = {}
        for base in ("https://videos.example.com", f"s3://{BUCKET}"):
            path = Path(folder) / f"{base[:2]}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(sample(1))
                for number in range(1, rows + 1):
                    url = {"sourceUrl": f"{base}/{number}.mp4"}
                    writer.writerow({**sample(number), **url}.values())
            requests_per_row[base] = measure_requests_per_row(path, rows, storage.environ)
    https, s3 = requests_per_row.values()
    note = f"s3 {s3:.4f}, https {https:.4f} calls a row"
    return [(f"calls of {rows:,} s3:// rows, times https", s3 / https, CALLS_TARGET, note)]


def measure_requests_per_row(path: Path, rows: int, environ: dict[str, str]) -> float:
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(1, latency=[0.02, 0.05], processing=[20, 40]))
        command = [sys.executable, "-m", "batch_import", "run", str(path)]
        flags = ["--job", f"{path}.job", "--rate", "150", "--workers", "16"]
        subprocess.run(
            [*command, *flags],
            env={**sandbox.environ, **environ},
            check=True,
            stdout=subprocess.DEVNULL,
        )
        counts = sandbox.counts()
    assert counts["videos"] == rows, counts
    return float(counts["calls"]) / rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    os.environ |= {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    os.environ |= {"AWS_DEFAULT_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true"}
    figures = [
        *listing(options.objects, options.rounds),
        *signing(options.rows, options.rounds),
        *calls(options.rows),
    ]
    if options.json:
        print(json.dumps([{"figure": name, "reached": reached} for name, reached, *_ in figures]))
    else:
        for name, reached, target, note in figures:
            met = "met" if reached <= target else "MISSED"
            print(f"{name:<48} {reached:8.3f}  ≤ {target:<5} {met:<7} {note}")
    return int(any(reached > target for _, reached, target, _ in figures))


if __name__ == "__main__":
    sys.exit(main())
