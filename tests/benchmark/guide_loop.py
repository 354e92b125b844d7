"""Imports rows as the Viostream API guide does it; the benchmark compares the importer with this.

For each row: create the ingest (step 1), request its status until it is Online (step 2), find the
media by its referenceId (step 3), make the embed code (step 4). Several threads do this; each one
processes one row after the other, and has one `requests.Session`, which keeps its connection open.

Two things differ from the guide. The pause between two status requests is a parameter: the guide's
30 s are for real videos, and this benchmark has short ones. After a 429, which the guide does not
mention, the loop waits as `Retry-After` says (1 s without this header) and repeats the request.
Otherwise the loop would lose rows, and could not be compared.
"""
# ruff: noqa: T201 - the runner reads what this process prints

import argparse
import json
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from samples import sample

_TOO_MANY_REQUESTS = 429


class Guide:
    """The loop of one thread: its session, and its counts of requests, 429 answers and rows."""

    def __init__(self, api_base: str, auth: tuple[str, str], poll: float) -> None:
        self.api_base = api_base
        self.session = requests.Session()
        self.session.auth = auth
        self.poll = poll
        self.calls = self.refused = self.imported = 0
        self.embed_codes: dict[str, str] = {}

    def import_row(self, number: int) -> None:
        row = sample(number)
        ingest_id = self._call("POST", "/media/new", json=row)["ingestId"]
        if not self._wait_for_ingest(ingest_id):
            return
        page = self._call("GET", "/media", params={"referenceId": row["referenceId"]})
        items = page["listResult"]["items"]
        if items:
            self.embed_codes[row["referenceId"]] = self._embed_code(items[0]["key"])
            self.imported += 1

    def _wait_for_ingest(self, ingest_id: str, max_wait_time: float = 3600.0) -> bool:
        start = time.time()
        while time.time() - start < max_wait_time:
            status = self._call("GET", f"/media/new/status/{ingest_id}")["status"]
            if status == "Online":
                return True
            if status != "Processing":
                return False
            time.sleep(self.poll)
        return False

    def _call(self, method: str, path: str, **options: Any) -> Any:
        while True:
            self.calls += 1
            response = self.session.request(method, self.api_base + path, timeout=60, **options)
            if response.status_code != _TOO_MANY_REQUESTS:
                response.raise_for_status()
                return response.json()
            self.refused += 1
            time.sleep(_retry_seconds(response.headers.get("Retry-After")))

    @staticmethod
    def _embed_code(key: str) -> str:
        url = f"https://play.viostream.com/iframe/{key}"
        return (
            '<div style="padding-bottom:56.25%; position:relative; display:block; width:100%">'
            f'<iframe width="100%" height="100%" src="{url}" allowfullscreen></iframe></div>'
        )


def _retry_seconds(header: str | None) -> float:
    """Return the seconds to wait by a `Retry-After` header; 1 without it."""
    if not header:
        return 1.0
    if header.strip().isdecimal():
        return float(header)
    return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())


def run(guides: list[Guide], rows: int) -> float:
    """Import the rows 1 to `rows`, with one thread per guide; returns the seconds it took."""
    numbers = iter(range(1, rows + 1))
    lock = threading.Lock()

    def next_numbers() -> Iterator[int]:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            yield number

    def work(guide: Guide) -> None:
        for number in next_numbers():
            guide.import_row(number)

    threads = [threading.Thread(target=work, args=(guide,)) for guide in guides]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--poll", type=float, default=30.0)
    arguments = parser.parse_args()
    auth = (os.environ["VIOSTREAM_ACCESS_KEY"], os.environ["VIOSTREAM_API_KEY"])
    api_base = os.environ["VIOSTREAM_API_BASE"]
    guides = [Guide(api_base, auth, arguments.poll) for _ in range(arguments.threads)]
    seconds = run(guides, arguments.rows)
    report = {
        "imported": sum(guide.imported for guide in guides),
        "calls": sum(guide.calls for guide in guides),
        "refused": sum(guide.refused for guide in guides),
        "seconds": seconds,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
