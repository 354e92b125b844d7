"""Simulates imports whose manifest is edited between runs; some runs are killed.

The edits add, remove and reorder rows, and sign all URLs again. The real manifest reader, job
database, dispatcher and schedule run against the simulated platform, on a virtual clock. Rules:
at the end, every row has exactly one video; no row ever has two; a generated reference ID never
changes; no row is lost.
"""

import csv
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from signed_addresses import FILES, sign

from batch_import.configuration.request import ImportRequest
from batch_import.configuration.settings import ReadingOptions, Settings
from batch_import.importer.dispatch import Dispatcher
from batch_import.rehearsal.virtual import VirtualRun
from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.platform import SimulatedPlatform
from batch_import.state.store import Store
from batch_import.viostream.rate_limiter import RateLimiter
from batch_import.workflows.load import update_job
from batch_import.workflows.validated_manifest import ValidatedManifest

SEEDS = 40
START = 1_700_000_000.0
SETTINGS = Settings(
    rate=20.0, poll_interval=5.0, settle=60.0, allow_removals=True, when_unsure="retry"
)


class Video(NamedTuple):
    number: int
    scheme: str

    @property
    def title(self) -> str:
        return f"Video {self.number}"

    def url(self, signature: int) -> str:
        return sign(self.scheme, signature, f"video-{self.number}").url


class Library:
    """A manifest that is edited between runs, and the platform that it is imported into.

    Attributes:
        listed: the videos that are in the manifest now.
        count: number of videos that were ever in the manifest.
        references: title → reference ID of each row that had a video at the last check.
    """

    def __init__(self, seed: int, folder: Path) -> None:
        self.dice = Random(seed)
        self.path = folder / f"library-{seed}.csv"
        self.listed = [self._video(n) for n in range(self.dice.randint(3, 12))]
        self.count = len(self.listed)
        self.now = START
        knobs = {
            "processing": (1.0, 20.0),
            "lost_reply": self.dice.choice((0.0, 0.2)),
            "error_after": self.dice.choice((0.0, 0.1)),
            "unavailable": self.dice.choice((0.0, 0.05)),
        }
        self.platform = SimulatedPlatform(Knobs.from_mapping(knobs), seed, self.now)
        self.references: dict[str, str] = {}

    def _video(self, number: int) -> Video:
        return Video(number, self.dice.choice(FILES))

    def edit(self, signature: int) -> None:
        """Add videos, remove one, reorder them, sign all URLs again, and reorder the columns."""
        for _ in range(self.dice.randint(0, 3)):
            self.listed.append(self._video(self.count))
            self.count += 1
        if len(self.listed) > 2 and self.dice.random() < 0.5:
            self.listed.pop(self.dice.randrange(len(self.listed)))
        self.dice.shuffle(self.listed)
        header = self.dice.sample(["sourceUrl", "filename", "note"], 3)
        with self.path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            for video in self.listed:
                cells = {"sourceUrl": video.url(signature), "filename": video.title, "note": "x"}
                writer.writerow([cells[name] for name in header])

    def run(self, store: Store, seed: int, *, is_killed: bool) -> None:
        """Load the manifest and import it; optionally, the process is killed during the import."""
        request = ImportRequest(
            self.path,
            folder=self.path.parent,
            reading=ReadingOptions(default={"extension": "mp4"}),
            settings=SETTINGS,
        )
        manifest = ValidatedManifest(request, self.now, threading.Event(), lambda _: None)
        loaded = update_job(store, manifest)
        assert loaded.held_rows.count == 0
        rate_limiter = RateLimiter(SETTINGS.rate, self.now)
        dispatcher = Dispatcher(SETTINGS, store, rate_limiter, self.now)
        run = VirtualRun(
            dispatcher,
            self.platform,
            start=self.now,
            workers=4,
            latency=(0.05, 0.3),
            timeout=30.0,
            seed=seed,
        )
        if is_killed:
            _kill_after(dispatcher, self.dice.randint(1, 40))
        with suppress(_Killed):
            run.run()
        self.now = max(run.now, run.last_reply_at) + 600.0

    def check(self, store: Store) -> None:
        """Check that no row has two videos, and that no reference ID has changed."""
        media_counts = Counter(media.title for media in self.platform.media if not media.failed)
        assert [title for title, count in media_counts.items() if count > 1] == []
        now = {record.filename: record.reference_id for record in store.reader.records()}
        assert self.references.items() <= now.items()
        self.references = {
            title: reference for title, reference in now.items() if title in media_counts
        }


class _Killed(Exception):
    """The process is killed between two steps."""


def _kill_after(dispatcher: Dispatcher, steps: int) -> None:
    """Raise `_Killed` after a dispatcher was asked for its next request this often."""
    next_request = dispatcher.next_request
    remaining_steps = iter(range(steps))

    def next_step(now: float) -> object:
        if next(remaining_steps, None) is None:
            raise _Killed
        return next_request(now)

    dispatcher.next_request = next_step  # type: ignore[method-assign,assignment]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_row_becomes_one_video_if_the_manifest_is_edited_between_runs(
    seed: int, tmp_path: Path
) -> None:
    library = Library(seed, tmp_path)
    with Store(None) as store:
        for edition in range(library.dice.randint(2, 5)):
            library.edit(1000 * seed + edition)
            library.run(store, seed + edition, is_killed=library.dice.random() < 0.5)
            library.check(store)
        for again in range(5):
            library.run(store, seed + 100 + again, is_killed=False)
        library.check(store)
        imported = {record.filename: record.key for record in store.reader.records() if record.key}
        online = {media.title: media.key for media in library.platform.media if not media.failed}
        assert imported == online
        unfinished = [r for r in store.reader.records() if not r.is_removed and not r.key]
        assert [(r.status, r.error, r.filename) for r in unfinished] == []
