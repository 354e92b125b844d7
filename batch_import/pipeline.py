"""The story on one page: load the manifest → plan → import → report.

Each function is one command, callable without a terminal. What the steps need is imported when
they run, so that `status` starts without pandas and requests. This file must not print or exit.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from batch_import import __version__
from batch_import.errors import (
    CallFailed,
    CredentialsRefused,
    Forbidden,
    Interrupted,
    JobBusy,
    NoAnswer,
    PlatformUnreachable,
    StateError,
)
from batch_import.models import Account, Counts, ManifestRow, Problem
from batch_import.plan import Plan, decide
from batch_import.report.refresh import refreshing
from batch_import.report.write import FORMATS, keep_options, pictures_left, write_results
from batch_import.settings import Credentials, Settings
from batch_import.state.store import Edition, Store

if TYPE_CHECKING:
    from batch_import.api.client import Client
    from batch_import.api.rate_limit import Budget
    from batch_import.importer.dispatch import Progress
    from batch_import.manifest.read import Manifest

#: Seconds within which the platform must answer the first call of a run: a mistyped address
#: should be told at once, not waited for.
_FIRST_ANSWER = 20.0
#: Problems kept to be shown; the rest are counted.
_SHOWN_PROBLEMS = 10


@dataclass(frozen=True, slots=True)
class Job:
    """One manifest imported into one account: a folder with the state and the results."""

    folder: Path

    @property
    def state(self) -> Path:
        """The SQLite file."""
        return self.folder / "state.sqlite"

    @property
    def results(self) -> Path:
        """The spreadsheet for the content team; there are others beside it."""
        return self.folder / "results.csv"

    @property
    def failed(self) -> Path:
        """The rows to mend and feed back."""
        return self.folder / "failed.csv"

    @property
    def lock(self) -> Path:
        """Held while a run works on the job."""
        return self.folder / "job.lock"


@dataclass(frozen=True, slots=True)
class Checked:
    """What `check` found: rows read, rows that may be sent, and every problem."""

    rows: int
    valid: int
    columns: list[tuple[str, str]]
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a run found in the manifest, and what it is going to do.

    Attributes:
        edition: None where the manifest is the one of the last run.
        problems: the first few; `problem_count` of them in all.
    """

    plan: Plan
    edition: Edition | None
    columns: list[tuple[str, str]]
    problems: list[Problem]
    problem_count: int


@dataclass(frozen=True, slots=True)
class Watcher:
    """What a run tells while it works. All are called in the thread that called `run`.

    Attributes:
        loaded: once, before the first call leaves.
        progress: again and again while calls are made.
        pictures: before pictures are asked for, with how many are left to be.
        every: seconds between two calls of `progress`.
    """

    loaded: Callable[[Loaded], None] = lambda _: None
    progress: Callable[["Progress"], None] = lambda _: None
    pictures: Callable[[int], None] = lambda _: None
    every: float = 0.5


def account(settings: Settings, credentials: Credentials, stop: threading.Event) -> Account:
    """Test the credentials.

    Raises:
        CredentialsRefused: the platform does not accept them.
        PlatformUnreachable: it does not answer, or not as the platform would.
    """
    from batch_import.api.client import Client
    from batch_import.api.rate_limit import Budget
    from batch_import.importer.pool import epoch_clock

    with Client(settings.api_base, credentials, settings.timeout) as client:
        clock = epoch_clock()
        return _first_call(client, Budget(settings.rate, clock()), settings, stop, clock)


def check(manifest: Path, overrides: dict[str, str]) -> Checked:
    """Validate a manifest. Nothing is sent, and nothing is written.

    Raises:
        ManifestError: it cannot be read at all.
        UsageError: an override names no column.
    """
    from batch_import.manifest.read import open_manifest

    reading = _Reading(open_manifest(manifest), overrides)
    valid = 0
    for row in reading.rows():
        valid += not row.error
    return Checked(reading.count, valid, reading.columns(), reading.problems)


def run(
    job: Job,
    manifest: Path,
    settings: Settings,
    credentials: Credentials,
    *,
    overrides: dict[str, str],
    retry_failed: bool = False,
    results: Mapping[str, Any] = MappingProxyType({}),
    watcher: Watcher = Watcher(),
    stop: threading.Event | None = None,
) -> Counts:
    """Import a manifest, or go on with it. The results are written whatever happens.

    Args:
        results: fields of `ResultOptions`: how the results look from now on.
        stop: set it to end the run early; all state is saved.

    Raises:
        Interrupted: `stop` was set.
        RunFault: the run could not go on.
    """
    from batch_import.importer.pool import epoch_clock

    stop = stop or threading.Event()
    clock = epoch_clock()
    with _locked(job), Store(job.state, create=True) as store:
        loaded = _load(store, manifest, overrides, clock(), retry_failed=retry_failed)
        keep_options(store, results)
        try:
            watcher.loaded(loaded)
            if loaded.plan.has_work or pictures_left(store):
                with refreshing(lambda: _refresh(job), settings.refresh):
                    _work(store, settings, credentials, watcher, stop, clock)
        finally:
            _write(job, store)
        return store.counts()


def report(
    job: Job, formats: Sequence[str], results: Mapping[str, Any] = MappingProxyType({})
) -> Counts:
    """Write the results again from the state.

    Args:
        formats: `csv`, `xlsx`, `html`.
        results: as in `run`.

    Raises:
        StateError: there is no such job, or a file cannot be written.
    """
    with Store(job.state) as store:
        keep_options(store, results)
        _write(job, store, formats)
        return store.counts(running=_is_running(job))


def status(job: Job) -> Counts:
    """How many rows are where.

    Raises:
        StateError: there is no such job.
    """
    with Store(job.state) as store:
        return store.counts(running=_is_running(job))


# Load -----------------------------------------------------------------------------------------


class _Reading:
    """One pass over a manifest: its rows for the state, and its problems on the way."""

    def __init__(self, manifest: "Manifest", overrides: dict[str, str], keep: int = -1) -> None:
        from batch_import.manifest.columns import map_columns

        self.manifest = manifest
        self.mapping = map_columns(manifest.header, next(manifest.chunks(), None), overrides)
        self.count = 0
        self.problems: list[Problem] = []
        self.problem_count = 0
        self._keep = keep

    def rows(self) -> Iterator[ManifestRow]:
        from batch_import.manifest.validate import Validator

        validator = Validator(self.mapping, self.manifest.header)
        for chunk in self.manifest.chunks():
            rows, problems = validator.check(chunk)
            self.count += len(rows)
            self.problem_count += len(problems)
            room = len(problems) if self._keep < 0 else self._keep - len(self.problems)
            self.problems += problems[: max(0, room)]
            yield from rows

    def columns(self) -> list[tuple[str, str]]:
        return self.mapping.describe(self.manifest.header)

    def facts(self) -> dict[str, str]:
        fields = list(self.mapping.positions)
        return {
            "manifest": str(self.manifest.path.resolve()),
            "header": json.dumps(self.manifest.header),
            "fields": json.dumps(fields),
            # Rules may change with the version: then the manifest is read again.
            "edition": f"{self.manifest.digest} {fields} {__version__}",
            # New rows may be in the account already.
            "adoption": "",
        }


def _load(
    store: Store, path: Path, overrides: dict[str, str], now: float, *, retry_failed: bool
) -> Loaded:
    """Take the manifest over into the state, unless it is the one that is there."""
    from batch_import.manifest.read import open_manifest

    reading = _Reading(open_manifest(path), overrides, keep=_SHOWN_PROBLEMS)
    facts = reading.facts()
    edition = None
    if store.fact("edition") != facts["edition"]:
        edition = store.load(reading.rows(), facts, now)
    if retry_failed:
        store.retry_failed(now)
    return Loaded(
        decide(store.counts()), edition, reading.columns(), reading.problems, reading.problem_count
    )


# Import ---------------------------------------------------------------------------------------


def _work(
    store: Store,
    settings: Settings,
    credentials: Credentials,
    watcher: Watcher,
    stop: threading.Event,
    clock: Callable[[], float],
) -> None:
    from batch_import.api.client import Client
    from batch_import.api.rate_limit import Budget
    from batch_import.importer.dispatch import Dispatcher
    from batch_import.importer.pictures import look_at_pictures
    from batch_import.importer.pool import Pool

    budget = Budget(settings.rate, clock())
    with Client(settings.api_base, credentials, settings.timeout, settings.workers) as client:
        _same_account(store, settings, _first_call(client, budget, settings, stop, clock))
        dispatcher = Dispatcher(settings, store, budget, clock())
        Pool(dispatcher, client, settings.workers, stop, clock).run(watcher.progress, watcher.every)
        if not stop.is_set() and (left := pictures_left(store)):
            watcher.pictures(left)
            look_at_pictures(store, client, budget, settings.give_up_after, stop, clock)
    if stop.is_set():
        raise Interrupted("Interrupted.", "All state is saved: run the same command to go on.")


def _first_call(
    client: "Client",
    budget: "Budget",
    settings: Settings,
    stop: threading.Event,
    clock: Callable[[], float],
) -> Account:
    """Find out who we are; most mistakes of set-up show here."""
    from batch_import.api import request
    from batch_import.api.retry import patiently

    def nap(seconds: float) -> None:
        stop.wait(seconds)

    patience = min(_FIRST_ANSWER, settings.give_up_after)
    try:
        return patiently(
            lambda: client.send(request.account()),
            budget,
            patience,
            clock=clock,
            sleep=nap,
            stop=stop,
        )
    except Forbidden as refused:
        raise CredentialsRefused(
            f"The platform refuses the credentials: {refused.message} (HTTP {refused.status}).",
            "Check VIOSTREAM_ACCESS_KEY and VIOSTREAM_API_KEY against Settings > Developer Tools.",
        ) from None
    except CallFailed as failed:
        if stop.is_set():
            raise Interrupted("Interrupted.", "Nothing was sent.") from None
        strange = " That is no answer of the platform's." if _strange(failed) else ""
        raise PlatformUnreachable(
            f"{settings.api_base} cannot be used: {failed.message}.{strange}",
            "Check --api-base and the network, then run the same command again.",
        ) from None


def _strange(failed: CallFailed) -> bool:
    return not isinstance(failed, NoAnswer) and failed.status is not None


def _same_account(store: Store, settings: Settings, found: Account) -> None:
    """A job belongs to one account: its rows are not in any other.

    Raises:
        StateError: the credentials are another account's, or the API is another one.
    """
    for name, value, flag in (
        ("api_base", settings.api_base, "--api-base"),
        ("account", found.id, "the credentials"),
    ):
        known = store.fact(name)
        if known and known != value:
            raise StateError(
                f"This job was begun with the {name.replace('_', ' ')} {known}, not {value}.",
                f"Change {flag} back, or import into the other one with another --job.",
            )
    store.set_facts(api_base=settings.api_base, account=found.id, embed_base=settings.embed_base)


# Report ---------------------------------------------------------------------------------------


def _write(job: Job, store: Store, formats: Sequence[str] = FORMATS) -> None:
    write_results(job.folder, store, formats, now=time.time())


def _refresh(job: Job) -> None:
    """Write the results of a run under way. The run's own connection is the pool's."""
    with Store(job.state) as store:
        _write(job, store)


# The job folder -------------------------------------------------------------------------------


@contextmanager
def _locked(job: Job) -> Iterator[None]:
    """Keep other runs away from the job; the lock goes with the process, however it ends."""
    try:
        job.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(job.lock)
        lock.acquire(blocking=False)
    except Timeout:
        raise JobBusy(
            f"Another batch-import is at work on {job.folder}.",
            "Watch it with: batch-import status",
        ) from None
    except OSError as error:
        raise StateError(
            f"{job.folder} cannot be used as a job folder: {error.strerror or error}.",
            "Make it writable, or choose another with --job.",
        ) from None
    try:
        yield
    finally:
        lock.release()


def _is_running(job: Job) -> bool:
    try:
        with FileLock(job.lock).acquire(blocking=False):
            return False
    except Timeout:
        return True
    except OSError:
        return False  # a folder that we may not write to is read all the same
