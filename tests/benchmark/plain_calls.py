"""Plain `requests` calls in N threads, a session each: what the machine can do at best.

`--mix` says how many calls of each kind to make, in an even order: `create`, `status`, `find`
(by referenceId), `page` (of 100 media, newest first). Nothing is decided, kept or checked.
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
    """Hands out the calls to make, each kind spread evenly over the whole."""

    def __init__(self, mix: dict[str, int]) -> None:
        spread = ((place / count, kind) for kind, count in mix.items() for place in range(count))
        self._kinds = iter([kind for _, kind in sorted(spread)])
        self._lock = threading.Lock()
        self._created = 0
        self.ingest_id = "none"

    def take(self) -> tuple[str, str, dict[str, Any]] | None:
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
    # Else requests reads environment and .netrc anew for every call: a handicap, not plainness.
    session.trust_env = False
    session.auth = auth
    while (call := mix.take()) is not None:
        method, path, words = call
        answer = session.request(method, api_base + path, timeout=60, **words).json()
        if method == "POST":
            mix.ingest_id = answer["ingestId"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mix", type=json.loads, required=True)
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    auth = (os.environ["VIOSTREAM_ACCESS_KEY"], os.environ["VIOSTREAM_API_KEY"])
    words = (Mix(arguments.mix), os.environ["VIOSTREAM_API_BASE"], auth)
    threads = [threading.Thread(target=work, args=words) for _ in range(arguments.threads)]
    cpu, started = time.process_time(), time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    printed = {
        "calls": sum(arguments.mix.values()),
        "seconds": time.monotonic() - started,
        "cpu": time.process_time() - cpu,
    }
    print(json.dumps(printed))


if __name__ == "__main__":
    main()
