"""Runs the sandbox in its own process, and prints counts and times of the requests.

It uses the same simulated platform and server as `batch-import sandbox`, but also counts refused
requests and notes times. The first argument has the knobs as JSON, the optional second one the
seed. The first printed line is JSON with the base URL and the keys. For each line of standard
input, the process prints a line of JSON with the counts and times. If that line of input is not
empty, the times are then reset: the next run has its own.
"""
# ruff: noqa: T201 - the runner reads what this process prints

import json
import sys
import time
from collections import Counter
from typing import Any

from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.platform import SimulatedPlatform
from batch_import.sandbox.replies import SimulatedReply, SimulatedRequest
from batch_import.sandbox.server import SandboxServer


class CountingPlatform(SimulatedPlatform):
    """Notes when requests arrive and when their answers are sent.

    Attributes:
        lists: number of list requests: `find` with a reference ID, `page` without.
    """

    def __init__(self, knobs: Knobs, seed: int) -> None:
        super().__init__(knobs, seed=seed, start=time.time())
        self.first_call: float | None = None
        self.first_create: float | None = None
        self.last_answer: float | None = None
        self.lists: Counter[str] = Counter()

    def handle(self, request: SimulatedRequest, now: float) -> SimulatedReply:
        self.first_call = self.first_call or now
        if request.method == "POST":
            self.first_create = self.first_create or now
        elif request.path.endswith("/media"):
            self.lists["find" if "referenceId" in request.query else "page"] += 1
        reply = super().handle(request, now)
        self.last_answer = max(self.last_answer or now, now + reply.delay)
        return reply

    def reset_times(self) -> None:
        """Forget the times of the previous run."""
        self.first_call = self.first_create = self.last_answer = None

    def report(self) -> dict[str, Any]:
        references = {media.reference_id for media in self.media}
        return {
            "kinds": dict(self.calls),
            "lists": dict(self.lists),
            "calls": self.calls.total(),
            "refused": self.rate_limited,
            "videos": len(self.media),
            "twice": len(self.media) - len(references),
            "first_call": self.first_call,
            "first_create": self.first_create,
            "last_answer": self.last_answer,
            "cpu": time.process_time(),
        }


def main() -> None:
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    platform = CountingPlatform(Knobs.from_mapping(json.loads(sys.argv[1])), seed)
    with SandboxServer(platform) as server:
        connection = {
            "api_base": server.api_base,
            "access_key": platform.access_key,
            "api_key": platform.api_key,
        }
        print(json.dumps(connection), flush=True)
        for line in sys.stdin:
            with server.lock:
                report = platform.report()
                if line.strip():
                    platform.reset_times()
            print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
