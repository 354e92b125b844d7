"""The story on one page: load the manifest → plan → import → report.

Each function is one command, callable without a terminal. What the steps need is imported when
they run, so that `status` starts without pandas and requests. This file must not print or exit.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from batch_import import __version__
from batch_import.configuration.credentials import Credentials
from batch_import.configuration.request import ImportRequest
from batch_import.configuration.settings import Settings
from batch_import.errors import (
    CallFailed,
    CredentialsRefused,
    Forbidden,
    Interrupted,
    ManifestError,
    NoAnswer,
    PlatformUnreachable,
    RunFault,
    StateError,
    named,
)
from batch_import.job import Job
from batch_import.masking import mask
from batch_import.models import Account, Counts
from batch_import.reports.refresh import refreshing
from batch_import.reports.write import (
    FORMATS,
    embedding_of,
    keep_options,
    pictures_left,
    result_rows,
    write_results,
)
from batch_import.state import facts
from batch_import.state.store import Store
from batch_import.viostream.call_log import Log, call_log
from batch_import.workflows.deadline import stopping_at
from batch_import.workflows.work_plan import Plan, decide

if TYPE_CHECKING:
    from batch_import.importer.dispatch import Progress
    from batch_import.verification.account_reader import Step
    from batch_import.verification.comparison import Proof
    from batch_import.viostream.client import Client
    from batch_import.viostream.rate_limit import Budget
    from batch_import.workflows.load import Asked, Checked, Taken

#: Seconds within which the platform must answer the first call of a run: a mistyped address
#: should be told at once, not waited for.
_FIRST_ANSWER = 20.0


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a run found in the manifest, and what it is going to do."""

    taken: "Taken"
    plan: Plan


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended.

    Attributes:
        counts: all rows of the job.
        left: rows that the run was to import, and that are not.
    """

    counts: Counts
    left: int


@dataclass(frozen=True, slots=True)
class Watcher:
    """What a command tells while it works. All are called in the thread that called it.

    Attributes:
        asked: again and again during preflight.
        loaded: once, before the first call leaves.
        progress: again and again while calls are made.
        pictures: before pictures are asked for, with how many are left to be.
        trouble: what went wrong without ending the run, in words; in whatever thread it happens.
        every: seconds between two calls of `progress`.
    """

    asked: Callable[["Asked"], None] = lambda _: None
    loaded: Callable[[Loaded], None] = lambda _: None
    progress: Callable[["Progress"], None] = lambda _: None
    pictures: Callable[[int], None] = lambda _: None
    trouble: Callable[[str], None] = lambda _: None
    every: float = 0.5


def account(settings: Settings, credentials: Credentials, stop: threading.Event) -> Account:
    """Test the credentials.

    Raises:
        CredentialsRefused: the platform does not accept them.
        PlatformUnreachable: it does not answer, or not as the platform would.
    """
    from batch_import.importer.pool import epoch_clock
    from batch_import.viostream.client import Client
    from batch_import.viostream.rate_limit import Budget

    with Client(settings.api_base, credentials, settings.timeout) as client:
        clock = epoch_clock()
        return first_call(client, Budget(settings.rate, clock()), settings, stop, clock)


def check(
    request: ImportRequest,
    watcher: Watcher = Watcher(),
    stop: threading.Event | None = None,
) -> "Checked":
    """Validate a manifest, and write its problems. The platform is not called.

    Args:
        stop: set it to end early.

    Raises:
        ManifestError: it cannot be read at all.
        UsageError: an option does not go with it.
        StateError: the problems cannot be written.
        Interrupted: `stop` was set.
    """
    from batch_import.workflows.load import Intake

    stop = stop or threading.Event()
    now = time.time()
    return Intake(request, now, stop, watcher.asked).examine()


def run(
    request: ImportRequest,
    credentials: Credentials,
    watcher: Watcher = Watcher(),
    stop: threading.Event | None = None,
) -> Ended:
    """Import a manifest, or go on with it. The results are written whatever happens.

    Args:
        stop: set it to end the run early; all state is saved.

    Raises:
        Interrupted: `stop` was set.
        Stopped: the moment `settings.until` has come, and work is left.
        ManifestError: there are problems, and `settings.strict` allows none.
        RunFault: the run could not go on.
    """
    from batch_import.importer.pool import epoch_clock
    from batch_import.workflows.load import Intake

    stop = stop or threading.Event()
    clock = epoch_clock()
    job, settings = request.job, request.settings
    with (
        stopping_at(settings.until, stop),
        job.locked(),
        Store(job.state, create=True) as store,
        call_log(job.log, settings.log_max, watcher.trouble) as log,
    ):
        taken = Intake(request, clock(), stop, watcher.asked).take_over(store)
        keep_options(store, request.results)
        loaded = Loaded(taken, decide(store.reader.counts(), store.queue.claimable_count()))
        with refreshing(lambda: _refresh(job), settings.refresh):
            watcher.loaded(loaded)
            _end_if(stop)
            _refuse_problems(job, settings, loaded)
            if loaded.plan.has_work or pictures_left(store):
                with _noted(log, store):
                    _work(store, settings, credentials, watcher, stop, clock, log)
        return Ended(store.reader.counts(), store.queue.remaining_count())


def report(
    job: Job, formats: Sequence[str], results: Mapping[str, Any] = MappingProxyType({})
) -> Counts:
    """Write the results again from the state.

    Args:
        formats: `csv`, `xlsx`, `html`.
        results: fields of `ResultOptions`: how the results look from now on.

    Raises:
        StateError: there is no such job, or a file cannot be written.
    """
    with Store(job.state) as store:
        keep_options(store, results)
        _write(job, store, formats)
        return store.reader.counts(running=job.is_running)


def status(job: Job) -> Counts:
    """How many rows are where.

    Raises:
        StateError: there is no such job.
    """
    with Store(job.state) as store:
        return store.reader.counts(running=job.is_running)


def rows(job: Job) -> Iterator[dict[str, str]]:
    """The results of a job, a row at a time, as of now.

    Raises:
        StateError: there is no such job.
    """
    with Store(job.state) as store:
        yield from result_rows(store)


def verify(
    request: ImportRequest,
    credentials: Credentials,
    *,
    embeds: bool = False,
    tell: Callable[["Step"], None] = lambda _: None,
    trouble: Callable[[str], None] = lambda _: None,
    stop: threading.Event | None = None,
) -> "Proof":
    """Compare each row with what the account really holds, and write `verify.csv`.

    The state is only read. A row is taken as it is when the look begins.

    Args:
        embeds: ask for the embed page of each imported row, too.
        tell: called again and again with how far it is.
        trouble: as in `Watcher`.
        stop: set it to end early; nothing is written then.

    Raises:
        Interrupted: `stop` was set.
        RunFault: there is no such job, or the account cannot be read to its end.
    """
    from batch_import.importer.pool import epoch_clock
    from batch_import.verification.account_reader import Caller, Look
    from batch_import.verification.comparison import prove
    from batch_import.viostream.client import Client
    from batch_import.viostream.rate_limit import Budget

    stop = stop or threading.Event()
    clock = epoch_clock()
    job, settings = request.job, request.settings
    budget = Budget(settings.rate, clock())
    with (
        Store(job.state) as store,
        call_log(job.log, settings.log_max, trouble) as log,
        Client(settings.api_base, credentials, settings.timeout, told=log) as api,
    ):
        found = first_call(api, budget, settings, stop, clock)
        _refuse_others(store, settings, found, embeds=embeds)
        embedding, listing = embedding_of(store), store.account_listing()
        look = Look(Caller(api, budget, settings.give_up_after, stop, clock), listing, tell)
        return prove(store, look, listing, embedding, job.proof, embeds=embeds)


def adopted(job: Job) -> int:
    """How many rows of a job were in the account before it, and were taken over.

    Raises:
        StateError: there is no such job.
    """
    with Store(job.state) as store:
        return store.reader.adopted_count()


# Load -----------------------------------------------------------------------------------------


def _refuse_problems(job: Job, settings: Settings, loaded: Loaded) -> None:
    """Nothing is sent while there are problems, where the user wants it so."""
    if settings.strict and loaded.taken.kinds:
        count = sum(kind.count for kind in loaded.taken.kinds)
        raise ManifestError(
            f"The manifest has {count} problem{'' if count == 1 else 's'}, and {named('strict')}"
            " allows none. Nothing was sent.",
            f"Fix them (all are in {job.problems}), or run without {named('strict')}.",
        )


def _end_if(stop: threading.Event) -> None:
    if stop.is_set():
        raise Interrupted("Interrupted.", "All state is saved: run the same command to go on.")


# Import ---------------------------------------------------------------------------------------


def _work(
    store: Store,
    settings: Settings,
    credentials: Credentials,
    watcher: Watcher,
    stop: threading.Event,
    clock: Callable[[], float],
    log: Log,
) -> None:
    from batch_import.importer.dispatch import Dispatcher
    from batch_import.importer.pictures import look_at_pictures
    from batch_import.importer.pool import Pool
    from batch_import.viostream.client import Client
    from batch_import.viostream.rate_limit import Budget

    budget = Budget(settings.rate, clock())
    with Client(settings.api_base, credentials, settings.timeout, settings.workers, log) as client:
        same_account(store, settings, first_call(client, budget, settings, stop, clock))
        dispatcher = Dispatcher(settings, store, budget, clock())
        Pool(dispatcher, client, settings.workers, stop, clock).run(watcher.progress, watcher.every)
        if not stop.is_set() and (left := pictures_left(store)):
            watcher.pictures(left)
            look_at_pictures(store, client, budget, settings.give_up_after, stop, clock)
    _end_if(stop)


@contextmanager
def _noted(log: Log, store: Store) -> Iterator[None]:
    """Note how a run began and ended, with what its rows were."""
    log.note("run started", version=__version__, rows=asdict(store.reader.counts()))
    end = "finished"
    try:
        yield
    except BaseException as fault:
        end = fault.message if isinstance(fault, RunFault) else type(fault).__name__
        raise
    finally:
        log.note("run ended", end=mask(end), rows=asdict(store.reader.counts()))


def first_call(
    client: "Client",
    budget: "Budget",
    settings: Settings,
    stop: threading.Event,
    clock: Callable[[], float],
) -> Account:
    """Find out who we are; most mistakes of set-up show here."""
    from batch_import.viostream import endpoints
    from batch_import.viostream.retry import patiently

    patience = min(_FIRST_ANSWER, settings.give_up_after)
    try:
        return patiently(
            lambda: client.send(endpoints.account()),
            budget,
            patience,
            clock=clock,
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
        strange = " This is not an answer of the platform." if _strange(failed) else ""
        raise PlatformUnreachable(
            f"Cannot connect to {settings.api_base}: {failed.message}.{strange}",
            f"Check {named('api_base')} and the network, then run the same command again.",
        ) from None


def _strange(failed: CallFailed) -> bool:
    return not isinstance(failed, NoAnswer) and failed.status is not None


def same_account(store: Store, settings: Settings, found: Account) -> None:
    """A job belongs to one account: its rows are not in any other.

    Raises:
        StateError: the credentials are another account's, or the API is another one.
    """
    _refuse_others(store, settings, found)
    store.facts.save(
        facts.API_BASE.of(settings.api_base),
        facts.ACCOUNT.of(found.id),
        facts.EMBED_BASE.of(settings.embed_base),
    )


def _refuse_others(
    store: Store, settings: Settings, found: Account, *, embeds: bool = False
) -> None:
    """The same; with `embeds`, the embed pages must be those of the results, too."""
    parts = [
        (facts.API_BASE, settings.api_base, named("api_base")),
        (facts.ACCOUNT, found.id, "the credentials"),
    ]
    parts += [(facts.EMBED_BASE, settings.embed_base, named("embed_base"))] if embeds else []
    for fact, value, subject in parts:
        known = store.facts.get(fact)
        if known and known != value:
            raise StateError(
                f"This job was started with the {fact.name.replace('_', ' ')} {known},"
                f" not {value}.",
                f"Change {subject} back, or import into the other one with another {named('job')}.",
            )


# Report ---------------------------------------------------------------------------------------


def _write(job: Job, store: Store, formats: Sequence[str] = FORMATS) -> None:
    write_results(job.folder, store, formats, now=time.time())


def _refresh(job: Job) -> None:
    """Write the results of a run, in another thread than its own: its connection is the pool's."""
    with Store(job.state) as store:
        _write(job, store)
