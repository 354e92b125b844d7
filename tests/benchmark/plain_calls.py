"""Sends requests with the plain `requests` library: the best that the machine can do.

Several threads send requests, each with its own session. `--mix` is a JSON object with the number
of requests of each kind: `create`, `status`, `find` (by referenceId), `page` (100 media, newest
first). The kinds are mixed evenly. The answers are neither stored nor checked.
"""
# ruff: noqa: T201 - the runner reads what this process prints

import argparse
import json
import os
import threading
import time
from typing import Any

import requests
from samples import sample


class Mix:
    """Returns one request after the other; the requests of each kind are spread evenly."""

    def __init__(self, mix: dict[str, int]) -> None:
        # Each request has a position between 0 and 1; sorting by it mixes the kinds.
        positions = (
            (number / count, kind) for kind, count in mix.items() for number in range(count)
        )
        self._kinds = iter([kind for _, kind in sorted(positions)])
        self._lock = threading.Lock()
        self._created = 0
        self.ingest_id = "none"

    def take(self) -> tuple[str, str, dict[str, Any]] | None:
        """Return the method, path and options of the next request; None after the last one."""
        with self._lock:
            kind = next(self._kinds, None)
            if kind == "create":
                self._created += 1
            number = self._created
        match kind:
            case "create":
                return "POST", "/media/new", {"json": sample(number)}
            case "status":
                return "GET", f"/media/new/status/{self.ingest_id}", {}
            case "find":
                return "GET", "/media", {"params": {"referenceId": f"ref-{max(1, number)}"}}
            case "page":
                order = {"SortColumn": "CreatedDate", "SortOrder": "desc", "PageSize": "100"}
                return "GET", "/media", {"params": order}
        return None


def work(mix: Mix, api_base: str, auth: tuple[str, str]) -> None:
    session = requests.Session()
    # Otherwise requests reads the environment and .netrc for every request, which is slower.
    session.trust_env = False
    session.auth = auth
    while (call := mix.take()) is not None:
        method, path, options = call
        response = session.request(method, api_base + path, timeout=60, **options).json()
        if method == "POST":
            mix.ingest_id = response["ingestId"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mix", type=json.loads, required=True)
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    auth = (os.environ["VIOSTREAM_ACCESS_KEY"], os.environ["VIOSTREAM_API_KEY"])
    work_arguments = (Mix(arguments.mix), os.environ["VIOSTREAM_API_BASE"], auth)
    threads = [threading.Thread(target=work, args=work_arguments) for _ in range(arguments.threads)]
    cpu, started = time.process_time(), time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report = {
        "calls": sum(arguments.mix.values()),
        "seconds": time.monotonic() - started,
        "cpu": time.process_time() - cpu,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
