"""The guide's own way to import many videos, written from the guide for the benchmark.

For each row: create the ingest (step 1), ask for its status until it is Online (step 2), find the
media by its referenceId (step 3), make the embed code (step 4). N threads do so, each taking the
next row when it is through with one; a `requests.Session` per thread keeps its connection.

Two things are not the guide's: the pause between two looks is a parameter (the guide's 30 s are
for real videos; here it is in scale with the processing time), and a 429, of which the guide says
nothing, waits as `Retry-After` tells (1 s where nothing is told) and tries the same call again.
Without that the guide's loop would drop rows, and there would be nothing to compare.
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

_TOO_MANY = 429


class Guide:
    """One thread's guide: its session, and what it counted."""

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
        items = self._call("GET", "/media", params={"referenceId": row["referenceId"]})
        found = items["listResult"]["items"]
        if found:
            self.embed_codes[row["referenceId"]] = self._embed_code(found[0]["key"])
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

    def _call(self, method: str, path: str, **words: Any) -> Any:
        while True:
            self.calls += 1
            answer = self.session.request(method, self.api_base + path, timeout=60, **words)
            if answer.status_code != _TOO_MANY:
                answer.raise_for_status()
                return answer.json()
            self.refused += 1
            time.sleep(_told_to_wait(answer.headers.get("Retry-After")))

    @staticmethod
    def _embed_code(key: str) -> str:
        url = f"https://play.viostream.com/iframe/{key}"
        return (
            '<div style="padding-bottom:56.25%; position:relative; display:block; width:100%">'
            f'<iframe width="100%" height="100%" src="{url}" allowfullscreen></iframe></div>'
        )


def _told_to_wait(header: str | None) -> float:
    if not header:
        return 1.0
    if header.strip().isdecimal():
        return float(header)
    return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())


def run(guides: list[Guide], rows: int) -> float:
    """Import rows 1 … `rows`; returns the seconds it took."""
    numbers = iter(range(1, rows + 1))
    lock = threading.Lock()

    def taken() -> Iterator[int]:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            yield number

    def work(guide: Guide) -> None:
        for number in taken():
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
    printed = {
        "imported": sum(guide.imported for guide in guides),
        "calls": sum(guide.calls for guide in guides),
        "refused": sum(guide.refused for guide in guides),
        "seconds": seconds,
    }
    print(json.dumps(printed))


if __name__ == "__main__":
    main()
