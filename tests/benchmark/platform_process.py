"""The sandbox in a process of its own, which also tells its own counts.

It serves the same model over the same server as `batch-import sandbox`, whose home page tells
neither refusals nor moments; those are needed here. Knobs come as JSON in the first argument.
The first line printed holds the address; every line read from stdin is answered with
the counts; one that is not empty lets the moments be noted anew.
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
    """Notes when calls came and when their answers left, as the platform saw it."""

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

    def begin_anew(self) -> None:
        """Note the moments of another run."""
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
        known = {
            "api_base": server.api_base,
            "access_key": platform.access_key,
            "api_key": platform.api_key,
        }
        print(json.dumps(known), flush=True)
        for line in sys.stdin:
            with server.lock:
                report = platform.report()
                if line.strip():
                    platform.begin_anew()
            print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
