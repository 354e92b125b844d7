"""Runs one whole import on a virtual clock: the real dispatcher against the simulated platform.

`simulate(seed)` runs an import to its end, with kills, stops and resumed runs. It checks the rules
of the importer during the import, and raises `Broken` if a rule does not hold. This module reads
no clock, and all its random numbers depend on the seed.

Terms: a *run* is one execution of the program; an *import* has several runs on the same job
database. To *settle* a row is to find out whether its POST without a clear answer created a media.
To *adopt* a media is to use an existing media of the account for a row.
"""

# ruff: noqa: SLF001 - the checks read private values of the schedule, such as the rows that are due

import heapq
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from random import Random
from typing import Any

from scenario import Break, OthersMedia, Scenario, draw

from batch_import.errors import NotSent, RunFault
from batch_import.importer.dispatch import Dispatcher
from batch_import.importer.schedule import Finished, Wait
from batch_import.importer.schedule.outage import UNCLEAR_THRESHOLD
from batch_import.importer.schedule.polling import MIN_POLL_INTERVAL, RECHECK_SHARE
from batch_import.importer.schedule.repeat import ListConsistency, PostEnd
from batch_import.importer.scheduled_request import CompletedRequest, CreateMedia, api_request
from batch_import.models import JobRow, ManifestRow, ResultRow, Status, StatusChange
from batch_import.rehearsal.exchange import client_answer, simulated_request
from batch_import.sandbox.media import SandboxMedia
from batch_import.sandbox.platform import SimulatedPlatform
from batch_import.sandbox.replies import ReplyFault, SimulatedReply
from batch_import.state.facts import ACCOUNT_SEARCH, LIST_CONSISTENCY, AccountSearch
from batch_import.state.store import Store
from batch_import.viostream.endpoints import PAGE_SIZE, create_media
from batch_import.viostream.rate_limiter import RateLimiter

#: Epoch seconds at which the simulated time starts; the value has no meaning.
START = 1_700_000_000.0
#: Tolerance in seconds when times are compared. Floats of the size of START have steps of 0.2 µs.
TIME_TOLERANCE = 1e-4
#: Maximum number of runs that are not killed or stopped. If rows are still open after them, the
#: import is taken to be endless.
MAX_COMPLETE_RUNS = 14
#: Number of runs with the scenario's limit on rows; the next run has no limit.
LIMITED_RUNS = 3
#: Seconds: a list that was read so long before a row was sent again may have been too early to
#: show the row's media.
SLACK_SECONDS = 120.0


class Broken(AssertionError):
    """A rule does not hold. The message names the rule, the seed, and the command that repeats it.

    Attributes:
        rule: short name of the rule, such as `exactly once`.
    """

    def __init__(self, seed: int, rule: str, details: str) -> None:
        super().__init__(
            f"seed {seed}: {rule}: {details}\n"
            f"  to repeat it: python tests/simulation/run.py --seed {seed}"
        )
        self.seed, self.rule = seed, rule


@dataclass(slots=True)
class Outcome:
    """The result of an import.

    Attributes:
        calls: number of requests that were sent.
        runs: number of runs, with those that were killed or stopped.
        seconds: simulated seconds from the start to the end.
        statuses: number of rows per status.
        log: every request that was sent: seconds since the start, class name of the scheduled
            request, and the reference ID or page that it is about.
    """

    scenario: Scenario
    calls: int = 0
    runs: int = 0
    seconds: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    log: list[tuple[float, str, str]] = field(default_factory=list)

    @property
    def requests_per_row(self) -> float:
        """Number of requests, of all kinds and runs, per valid row."""
        return self.calls / self.scenario.rows


@dataclass(slots=True)
class _Flight:
    """A request that was sent and not answered yet.

    Attributes:
        run: number of the run that sent it; only this run gets the answer.
        latency: seconds in the network, of request and answer together.
        answer: the platform's reply, or the error of the connection; None before the reply.
    """

    call: Any
    run: int
    sent_at: float
    latency: float
    answer: Any = None


class _Killed(Exception):
    """The process of a run is killed: everything in its memory is lost."""


def reference(number: int) -> str:
    """Return the reference ID of a row. Many of these IDs contain another: video-1, video-10."""
    return f"video-{number}"


def history(store: Store, name: str) -> list[StatusChange]:
    """Return the changes of status of the row with a reference ID, oldest first."""
    match = store.reader.find_by_reference(name)
    return store.reader.events(match[0]) if match else []


def simulate(
    seed: int, *, plain: bool = False, refused_kind: tuple[str, int] | None = None, **knobs: Any
) -> Outcome:
    """Run one import.

    Args:
        plain: leave out two faults that earlier versions of the simulation did not have: media of
            other users with the rows' reference IDs, and kinds of requests that are refused.
            `tests/benchmark/compare.py` needs this to compare with an earlier version.
        refused_kind: replaces the kind of requests that the scenario refuses, unless it is None.
        knobs: values that replace those of the scenario.

    Raises:
        Broken: a rule does not hold.
    """
    with Store(None) as store:
        scenario = draw(seed)
        scenario = replace(scenario, knobs=replace(scenario.knobs, **knobs))
        if plain:
            scenario = replace(scenario, others=(), refused_kind=None)
        if refused_kind:
            scenario = replace(scenario, refused_kind=refused_kind)
        return World(scenario, store).run()


class World:
    """One import: the platform, the job database that outlives every run, and the time.

    Attributes:
        refused_references: reference IDs of the rows whose POST the platform refused.
        existing_references: reference IDs of rows that are in the account before the first run.
        adoptable: reference IDs of rows that must be found in the account before the first POST.
    """

    def __init__(self, scenario: Scenario, store: Store) -> None:
        self.scenario = scenario
        self.store = store
        self.platform = SimulatedPlatform(scenario.knobs, scenario.seed, START)
        self.now = START
        self.outcome = Outcome(scenario)
        self.settings = scenario.settings
        self.limit = scenario.limit
        self.refused_references: set[str] = set()
        self.existing_references: set[str] = set()
        self._dice = Random(f"{scenario.seed}/way")
        self._events: list[tuple[float, int, str, _Flight]] = []
        self._event_count = 0
        self._breaks = list(scenario.breaks)
        self._load()

    def broken(self, rule: str, details: str) -> Broken:
        """Make the exception for a rule that does not hold now."""
        return Broken(self.scenario.seed, rule, f"{details} (after {self.now - START:.3f} s)")

    def _load(self) -> None:
        """Load the manifest into the job database, and fill the account as before the first run."""
        valid = [_manifest_row(n) for n in range(1, self.scenario.rows + 1)]
        first = self.scenario.rows + 1
        invalid = [_manifest_row(n, "no good") for n in range(first, first + self.scenario.invalid)]
        self.store.load([*valid, *invalid], self.now)
        self._names = {row.reference_id for row in valid}
        later = [other for other in self.scenario.others if other.at is not None]
        self._others = sorted(later, key=lambda other: -(other.at or 0.0))
        # The media of existing rows must exist before the first run.
        self.platform.knobs = replace(self.scenario.knobs, late_post=0.0)
        for number in self.scenario.existing_rows:
            self.platform.handle(simulated_request(create_media(_row(number))), self.now)
            self.now += 2.0
        for other in self.scenario.others:
            if other.at is None:
                self._add_others_media(other)
                self.now += 2.0
        existing = [m for m in self.platform.media if m.reference_id in self._names]
        if self.scenario.existing_rows and self.scenario.has_newer_media:
            self._add_newer_media(PAGE_SIZE if self.scenario.seed % 2 else 20)
        self.platform.knobs = self.scenario.knobs
        self.existing_references = {m.reference_id for m in existing}
        #: Number of media before the first run: later media have higher numbers.
        self._initial_count = len(self.platform.media)
        self.adoptable = {m.reference_id for m in existing if self._is_adoptable(m)}

    def _add_newer_media(self, count: int) -> None:
        """Add newer media of other users, which come before the existing media in the list."""
        request = simulated_request(create_media(replace(_row(1), reference_id="")))
        final_count = len(self.platform.media) + count
        for _ in range(10 * count):  # some of these POSTs fail
            if len(self.platform.media) < final_count:
                self.platform.handle(request, self.now)
                self.now += 2.0
        for media in self.platform.media[final_count - count :]:
            media.foreign = True

    def _add_others_media(self, other: OthersMedia) -> None:
        """Add a media of another user, not earlier than the newest media of the account."""
        title = f"Clip {other.row}" if other.same_title else f"Somebody's own {other.row}"
        created_at = self.now if other.at is None else START + other.at
        if self.platform.media:
            created_at = max(created_at, self.platform.media[-1].created)
        self.platform.new_media(
            created_at, reference_id=reference(other.row), title=title, foreign=True
        )

    def _add_others(self) -> None:
        """Add the media of other users whose time has come."""
        while self._others and START + (self._others[-1].at or 0.0) <= self.now:
            self._add_others_media(self._others.pop())

    def _is_still_there(self, row: JobRow) -> bool:
        """Whether the account still has a media that the row had before the first run."""
        candidates = self.platform.non_failed_media(row.reference_id, self.now)
        return any(media.number < self._initial_count for media in candidates)

    def _is_adoptable(self, media: SandboxMedia) -> bool:
        is_listed = self._is_listed(media) and not self.scenario.knobs.list_omits
        return is_listed and not (media.failed and media.online_at < self.now + SLACK_SECONDS)

    # The runs ---------------------------------------------------------------------------------

    def run(self) -> Outcome:
        """Start one run after the other until no row needs another run."""
        complete_runs, retry_failed = 0, self.scenario.retry_failed
        while complete_runs < MAX_COMPLETE_RUNS:
            if not self._one_run():
                continue
            complete_runs += 1
            self.limit = self.limit if complete_runs < LIMITED_RUNS else None
            open_rows = self._check_rows()
            if not open_rows:
                if not retry_failed:
                    break
                retry_failed = False
                self.store.queue.choose(())
                self.store.queue.retry_failed(self.now)
                # As when the manifest is loaded again.
                self.store.facts.save(ACCOUNT_SEARCH.of(AccountSearch.NOT_DONE))
            self._let_time_pass(complete_runs)
        else:
            shown = "; ".join(open_rows[:5])
            raise self.broken("none lost", f"still open after {MAX_COMPLETE_RUNS} runs: {shown}")
        self._deliver_the_rest()
        self._check_rows()
        return self._final_outcome()

    def _one_run(self) -> bool:
        """Execute one run; returns whether it ended without a kill or a stop."""
        self.outcome.runs += 1
        pause = self._breaks.pop(0) if self._breaks else None
        run = _Run(self, pause)
        self.started(run)
        try:
            run.go()
        except _Killed:
            assert pause is not None
            self._kill(pause)
            return False
        if run.stopped:
            assert pause is not None
            self.now += pause.pause
            return False
        return True

    def started(self, run: "_Run") -> None:
        """React to the start of a run; subclasses override this method."""

    def _kill(self, cut: Break) -> None:
        """Lose everything in memory, and some of the requests in transit."""
        assert not self.store.connection.in_transaction  # an open transaction would be lost
        surviving_events = [
            event
            for event in sorted(self._events)
            if event[2] == "arrive" and self._dice.random() < cut.arrival_probability
        ]
        self._events = surviving_events
        self.now += cut.pause

    def _let_time_pass(self, complete_runs: int) -> None:
        """Wait until the next run; after some runs, until every media is listed and processed."""
        self.now += self._dice.uniform(0, 600)
        if complete_runs > 2:
            self.settings = replace(self.settings, max_wait=3600.0)
            ends = [
                max(m.listed_at, m.online_at) for m in self.platform.media[self._initial_count :]
            ]
            self.now = max(self.now, *ends, self.now)

    def _deliver_the_rest(self) -> None:
        while self._events:
            self.now = max(self.now, self._events[0][0])
            self.happen(None)

    def _final_outcome(self) -> Outcome:
        outcome, scenario = self.outcome, self.scenario
        if scenario.refused_kind and outcome.calls > (300 + 60 * scenario.rows) * outcome.runs:
            raise self.broken("bounded loops", f"{outcome.calls} calls for {scenario.rows} rows")
        outcome.seconds = self.now - START
        outcome.statuses = Counter(str(r.status) for r in self.store.reader.records())
        if scenario.is_without_faults:
            self._check_without_faults()
        return outcome

    def _check_without_faults(self) -> None:
        """Check that, if nothing goes wrong, the first run imports all rows with few requests."""
        scenario, outcome = self.scenario, self.outcome
        settings = scenario.settings
        if settings.max_wait > 2 * scenario.longest_wait + 2 * settings.poll_interval + 60:
            if outcome.runs > 1:
                raise self.broken("the run ends", f"{outcome.runs} runs where nothing went wrong")
            if set(outcome.statuses) - {"imported", "failed", "invalid"}:
                raise self.broken("none lost", f"rows without a result: {dict(outcome.statuses)}")
        # A page is read a logarithmic number of times until the last row on it is done.
        pages = 1 + (scenario.rows + scenario.knobs.existing) // scenario.knobs.page_limit
        page_reads = 10 + math.log(1 + scenario.longest_wait) / math.log(1 + RECHECK_SHARE)
        bound = page_reads * min(pages, 1 + scenario.rows // scenario.knobs.page_limit) + pages
        bound += 10  # in a job of few rows, chance decides how many are late and get lookups
        self._check_detection()
        if outcome.calls > bound * outcome.runs + scenario.rows * self._max_requests_per_row():
            raise self.broken("few calls", f"{outcome.calls} calls for {scenario.rows} rows")

    def _check_detection(self) -> None:
        """Check that, after the last POST, an online video is found as soon as the rate allows."""
        scenario = self.scenario
        post_times = (at for at, kind, _ in self.outcome.log if kind == "CreateMedia")
        last_post = max(post_times, default=0.0)
        pages = 2 + scenario.rows // scenario.knobs.page_limit
        request_seconds = 2 * scenario.latency[1] + 2 * scenario.commit_seconds
        queue_seconds = (
            3 * pages * max(request_seconds / scenario.settings.workers, 1 / scenario.settings.rate)
        )
        if self.outcome.runs > 1 or scenario.settings.max_in_flight < scenario.rows:
            return
        if scenario.knobs.list_delay[1] or scenario.knobs.failing:
            return  # rows that are requested individually are found later
        for media in self.platform.media[self._initial_count :]:
            events = {e.status: e.time for e in history(self.store, media.reference_id)}
            accepted = events.get(Status.PROCESSING, self.now)
            visible = max(media.online_at, media.listed_at, START + last_post, accepted)
            age = visible - media.created
            allowed = max(
                MIN_POLL_INTERVAL, min(scenario.settings.poll_interval, RECHECK_SHARE * age)
            )
            delay = events.get(Status.IMPORTED, visible) - visible
            # A row may move from one small page to the next while these pages are read, and back.
            polls = 1.1 if scenario.knobs.page_limit == PAGE_SIZE else 3.3
            if not media.foreign and delay > polls * (allowed + request_seconds) + queue_seconds:
                raise self.broken("detection", f"{media.reference_id} is found {delay:.1f} s late")

    def _max_requests_per_row(self) -> float:
        """Return the maximum number of requests per row if nothing goes wrong."""
        knobs = self.scenario.knobs
        if self.scenario.settings.max_in_flight < self.scenario.rows:
            # A page shows only few rows that are in flight. It is also read while it does not show
            # their media yet.
            hidden_reads = 5.0 if knobs.list_delay[1] else 0.0
            return 5.0 + hidden_reads + 45 / self.scenario.settings.max_in_flight
        if knobs.list_delay[1]:
            return 5.0  # pages are read while they do not show the new media yet
        if knobs.failing and not knobs.list_failed:
            return 3.0  # failed rows are requested individually
        if knobs.listed_from == "created" and not knobs.failing:
            return 1.3  # a few pages show all rows
        return 2.5 if knobs.page_limit == PAGE_SIZE else 3.5

    # Requests in transit ----------------------------------------------------------------------

    def send(self, call: Any, run: int) -> None:
        """Send a request of a run: it arrives later, or its connection fails."""
        self.outcome.calls += 1
        self.outcome.log.append((round(self.now - START, 6), type(call).__name__, _about(call)))
        latency = self._dice.uniform(*self.scenario.latency)
        flight = _Flight(call, run, self.now, latency)
        if self._is_connection_refused():
            flight.answer = NotSent("the connection was refused")
            self._later(latency, "answer", flight)
        else:
            self._later(latency / 2, "arrive", flight)

    def _is_connection_refused(self) -> bool:
        if (
            self.scenario.connection_failure
            and self._dice.random() < self.scenario.connection_failure
        ):
            return True
        return self.scenario.outage_refuses_connections and any(
            begin <= self.now - START < end for begin, end in self.scenario.knobs.outages
        )

    def _later(self, delay: float, kind: str, flight: _Flight) -> None:
        """Add an event: `arrive` or `answer`. Events of the same time keep their order."""
        self._event_count += 1
        heapq.heappush(self._events, (self.now + delay, self._event_count, kind, flight))

    def next_event(self) -> float | None:
        """Return the time of the next event; None if there is none."""
        return self._events[0][0] if self._events else None

    def happen(self, run: "_Run | None") -> None:
        """Process the next event. `run` is the current run; None if there is none."""
        _, _, kind, flight = heapq.heappop(self._events)
        is_current = run is not None and flight.run == run.number
        if kind == "arrive":
            self._arrive(flight, is_from_earlier_run=not is_current)
            if is_current and run:
                run.step()
        elif is_current and run:
            run.answered(flight)

    def _arrive(self, flight: _Flight, *, is_from_earlier_run: bool) -> None:
        """Let the platform process a request, and check the rules of a POST."""
        call = flight.call
        if isinstance(call, CreateMedia):
            self._check_claim(call.row.reference_id, is_from_earlier_run=is_from_earlier_run)
            if call.row.reference_id in self.adoptable and self._is_still_there(call.row):
                raise self.broken(
                    "adoption", f"{call.row.reference_id} is sent, but was in the account"
                )
        self._add_others()
        begin, end = self.scenario.wrong_key_span
        password = "old" if begin <= self.now - START < end else self.platform.api_key
        reply = self.platform.handle(simulated_request(api_request(call), password), self.now)
        if self.scenario.refused_kind and reply.status == 200:
            refused_class, status = self.scenario.refused_kind
            if type(call).__name__ == refused_class:
                reply = SimulatedReply(status, {"message": "Refused."}, delay=reply.delay)
        if isinstance(call, CreateMedia):
            if reply.status in (400, 401, 403, 422):
                self.refused_references.add(call.row.reference_id)
            self.check_once(call.row.reference_id)
        delay = reply.delay
        if reply.fault is ReplyFault.HANG:
            delay = min(delay, self.scenario.settings.timeout[1])
        flight.answer = reply
        self._later(delay + flight.latency / 2, "answer", flight)

    # Rules that are checked during a run ------------------------------------------------------

    def _check_claim(self, name: str, *, is_from_earlier_run: bool) -> None:
        """Check that the claim of a row was committed before its POST arrives.

        To claim a row is to store, as status `creating`, that its POST is about to be sent.
        """
        connection = self.store.connection
        (status,) = connection.row("SELECT status FROM row WHERE identity = ?", (name,))
        allowed = {"creating"}
        if is_from_earlier_run:
            if self.scenario.settings.when_unsure == "retry":
                return
            allowed = {"creating", "unknown"} | (
                {"imported", "processing"} if name in self.existing_references else set()
            )
        if connection.in_transaction or status not in allowed:
            raise self.broken("claim before POST", f"{name} is {status} when its POST arrives")

    def created_media(self, name: str) -> list[SandboxMedia]:
        """Return the media that this import created for a row and that have not failed."""
        candidates = self.platform.non_failed_media(name, self.now)
        return [m for m in candidates if m.number >= self._initial_count and not m.foreign]

    def check_once(self, name: str) -> None:
        """Check that a row does not have two media that have not failed."""
        created = self.created_media(name)
        if len(created) > 1 and not self._is_duplicate_allowed(name, created[0]):
            raise self.broken("exactly once", f"{name} has {len(created)} media")

    def _is_duplicate_allowed(self, name: str, first: SandboxMedia) -> bool:
        """Whether the user's settings allow a second media of a row.

        This is so if rows with an unknown result are sent again (`when_unsure="retry"`), and the
        first media could not be found before that.
        """
        knobs = self.scenario.knobs
        if self.scenario.settings.when_unsure == "hold":
            return False
        resent_at = [e.time for e in history(self.store, name) if e.status is Status.PENDING]
        resent_at = [time for time in resent_at if time >= first.created or knobs.late_post]
        # A search of many pages shows the account as it was when the search began.
        rate = min(self.scenario.settings.rate, knobs.rate_limit or self.scenario.settings.rate)
        search_seconds = 5 * self.scenario.rows / knobs.page_limit / rate
        latest_listing = resent_at[0] - SLACK_SECONDS - search_seconds if resent_at else math.inf
        was_hidden = first.listed_at > latest_listing
        return was_hidden or knobs.list_omits > 0 or not self.scenario.can_search

    # Rules that are checked after each run ----------------------------------------------------

    def _check_rows(self) -> list[str]:
        """Check every row; returns a description of each row that needs another run."""
        counts = self.store.reader.counts()
        expected = self.scenario.rows + self.scenario.invalid
        records = list(self.store.reader.records())
        if not (counts.total == len(records) == expected):
            raise self.broken("none lost", f"{expected} rows became {counts} / {len(records)}")
        media_of: dict[str, list[SandboxMedia]] = {}
        for media in self.platform.media:
            if media.reference_id:
                media_of.setdefault(media.reference_id, []).append(media)
        return [
            description
            for record in records
            for description in self._check_row(record, media_of.get(record.reference_id, []))
        ]

    def _check_row(self, record: ResultRow, all_media: list[SandboxMedia]) -> Iterator[str]:
        """Check one row and all media with its reference ID; yields why it needs another run."""
        media = [
            candidate
            for candidate in all_media
            if not self._is_others(candidate, record) or self._is_simultaneous(candidate, record)
        ]
        self.check_once(record.reference_id)
        if record.status in (Status.FAILED, Status.UNKNOWN) and not record.codes:
            raise self.broken("a failure has a code", f"{record.reference_id}: {record.error}")
        match record.status:
            case Status.IMPORTED:
                self._check_imported(record, all_media)
            case Status.FAILED:
                self._check_failed(record, media)
            case Status.PENDING if self.scenario.knobs.list_omits and not self.scenario.can_search:
                pass  # if the account cannot be searched, no run may send a row
            case _ if self.scenario.refused_kind:
                pass  # without the refused kind of request, the result may never be known
            case Status.UNKNOWN:
                yield from self._check_unknown(record, media)
            case Status.PROCESSING:
                yield from self._check_processing(record, media)
            case Status.INVALID:
                if media:
                    raise self.broken("exactly once", f"invalid {record.reference_id} was sent")
            case _:
                yield f"{record.reference_id} is {record.status}"

    def _is_absence_proven(self, record: ResultRow) -> bool:
        """Whether the pages that this job has read prove that an unknown row was not created.

        The absence is not proven if lists may be wrong in a way that differs between runs. It is
        also not proven while other rows are processing: lists may hide the media for as long.
        """
        knobs = self.scenario.knobs
        if self.store.reader.counts().processing:
            return False
        if knobs.list_omits or not self.scenario.can_search or knobs.page_number != "exact":
            return False
        # Age in seconds from which on a media that no list shows does not exist.
        proof_age = ListConsistency.restore(self.store.facts.get(LIST_CONSISTENCY)).proof_age(
            0.0, PostEnd.OPEN
        )
        events = history(self.store, record.reference_id)
        last_sent_at = max(e.time for e in events if e.status is Status.CREATING) + SLACK_SECONDS
        return proof_age is not None and self.now - last_sent_at > proof_age

    def _is_others(self, media: SandboxMedia, record: ResultRow) -> bool:
        """Whether another user added a media, and its title shows that it is not the row's."""
        return media.foreign and media.title != record.filename

    def _is_simultaneous(self, media: SandboxMedia, record: ResultRow) -> bool:
        """Whether a media was created while the row's POST was in progress."""
        events = history(self.store, record.reference_id)
        begin = min((e.time for e in events if e.status is Status.CREATING), default=self.now)
        end_statuses = (Status.UNKNOWN, Status.PROCESSING)
        end = max((e.time for e in events if e.status in end_statuses), default=begin)
        # The platform's times are in whole seconds, in its replies and in its `Date` header.
        return begin - 3 <= media.created <= end + 5

    def _check_imported(self, record: ResultRow, media: list[SandboxMedia]) -> None:
        name = record.reference_id
        own = next((m for m in media if m.key == record.key), None)
        if own and self._is_others(own, record) and not self._is_simultaneous(own, record):
            raise self.broken("none taken from others", f"{name}: {own.title}")
        if not record.key or not own:
            raise self.broken("right key", f"{name} has the key {record.key!r}")
        if self.platform.status(own, self.now) != "Online":
            raise self.broken("right key", f"the media of {name} is not online")
        if (record.media_id, record.title) != (own.id, own.title):
            raise self.broken("right key", f"{name} has the ID or title of another media")

    def _check_failed(self, record: ResultRow, media: list[SandboxMedia]) -> None:
        name = record.reference_id
        # Also media that other users have deleted meanwhile.
        with_same_id = [m for m in self.platform.media if m.reference_id == name]
        is_id_taken = any(self._is_others(m, record) for m in with_same_id)
        has_reason = (
            name in self.refused_references
            or any(map(self._has_failed, media))
            or (is_id_taken and "reference ID is taken" in record.error)
            or (self.scenario.refused_kind and "is refused" in record.error)
        )
        if not has_reason:
            raise self.broken("none lost", f"{name} failed without a reason: {record.error}")
        created = self.created_media(name)
        if created and not self._is_duplicate_allowed(name, created[0]):
            raise self.broken("none lost", f"{name} failed, but its media exists: {record.error}")

    def _check_unknown(self, record: ResultRow, media: list[SandboxMedia]) -> Iterator[str]:
        """Check that a row is unknown only while nothing shows the result of its POST."""
        # A media with another title proves nothing: the row is rightly held.
        own = [m for m in media if not self._is_others(m, record)]
        if any(self._is_listed(m) and not self._has_failed(m) for m in own):
            yield f"{record.reference_id} is unknown, and its media is listed"
        elif not media and self._is_absence_proven(record):
            yield f"{record.reference_id} is unknown, and lists prove that it has no media"

    def _check_processing(self, record: ResultRow, media: list[SandboxMedia]) -> Iterator[str]:
        name = record.reference_id
        if not media:
            raise self.broken("none lost", f"{name} is processing, and there is no media of it")
        # The row waits for the media of its ingest, or for the media that a list showed; without
        # these IDs, for any of them.
        known_ids = {record.ingest_id or record.media_id} - {""}
        own = [m for m in media if known_ids & {m.ingest_id, m.id}] or media
        if any(self._is_listed(m) and self.platform.status(m, self.now) == "Online" for m in own):
            yield f"{name} is processing, and its media is online"
        if record.ingest_id and any(map(self._has_failed, own)):
            yield f"{name} is processing, and its ingest has failed"
        if any(self.now < m.online_at for m in own):
            yield f"{name} is processing"

    def _has_failed(self, media: SandboxMedia) -> bool:
        return media.failed and self.now >= media.online_at

    def _is_listed(self, media: SandboxMedia) -> bool:
        """Whether the platform's lists can show a media now."""
        knobs = self.scenario.knobs
        if knobs.page_number == "ignored" and knobs.reference_filter != "exact":
            return False  # only media on the first page can be found
        if media.deleted or self.now < media.listed_at:
            return False
        return self.scenario.knobs.list_failed or not self._has_failed(media)


class _Run:
    """One run of the program: everything that is in memory, and lost by a kill.

    A run has steps: a request is sent, it arrives, its answer arrives. `end` is the kill or stop at
    one of these steps; None if the run ends by itself.
    """

    def __init__(self, world: World, end: Break | None) -> None:
        settings = world.settings
        self.world = world
        self.number = world.outcome.runs
        self.end = end
        self.stopped = False
        self.fault: RunFault | None = None
        self.rate_limiter = RateLimiter(settings.rate, world.now)
        world.store.queue.choose(())
        if world.limit:
            world.store.queue.choose_first(world.limit)
        self.limit = world.limit
        self.pending = world.store.reader.counts().pending
        self.dispatcher = Dispatcher(settings, world.store, self.rate_limiter, world.now)
        self.began = world.now
        self._steps = self._waits = self._calls = 0
        self._open_request_count = 0
        self._arrived: list[CompletedRequest] = []
        self._finished = False
        #: Time until which the platform has asked for no requests, by `Retry-After`.
        self._paused_until = world.now
        self._posts_into_outage = 0
        #: Start of an outage → time of the first request into it.
        self._first_requests: dict[float, float] = {}
        self._min_excess = float("inf")

    def go(self) -> None:
        """Execute the run until it finishes, fails or is stopped."""
        latest_end = self.began + self._max_seconds()
        while True:
            wake_up_at = self._send_requests()
            if self._is_over and not self._open_request_count:
                break
            self._pass_time(wake_up_at)
            if self.world.now > latest_end:
                raise self.world.broken(
                    "the run ends",
                    f"run {self.number} continues after {self._max_seconds():.0f} s",
                )
        self._finish()

    @property
    def _is_over(self) -> bool:
        return bool(self._finished or self.fault or self.stopped)

    def _max_seconds(self) -> float:
        """Return the time limit of the run: three times a generous estimate of its waits."""
        scenario, settings = self.world.scenario, self.world.settings
        knobs = scenario.knobs
        rate = min(settings.rate, knobs.rate_limit or settings.rate)
        rounds = 1 + scenario.rows / settings.max_in_flight
        outages = sum(end - begin for begin, end in knobs.outages) + 2 * scenario.wrong_key_span[1]
        waits = settings.max_wait + settings.settle + 2 * scenario.longest_wait + 1200
        request_seconds = scenario.latency[1] + knobs.hang * settings.timeout[1]
        requests = scenario.rows * (60 / rate + 20 * request_seconds / settings.workers)
        return 3 * (rounds * waits + outages + requests)

    def _send_requests(self) -> float:
        """Send the requests that are allowed now; returns the time at which to try again.

        Infinity if only an answer can allow more requests.
        """
        world = self.world
        while not self._is_over and self._open_request_count < world.scenario.settings.workers:
            step = self.dispatcher.next_request(world.now)
            if isinstance(step, Finished):
                self._finished = True
            elif isinstance(step, Wait):
                self._check_wait(step)
                self._check_idle()
                return step.until
            else:
                self._check_rate(step)
                self._open_request_count += 1
                self.step()
                # A stop comes too late for this request: the pool finishes what it has started.
                world.send(step, self.number)
        return float("inf")

    def _pass_time(self, wake_up_at: float) -> None:
        """Move the clock to the next event or to `wake_up_at`, whichever is earlier."""
        world = self.world
        event = world.next_event()
        if event is not None and event <= wake_up_at:
            self._gather(max(world.now, event) + world.scenario.commit_seconds)
        elif wake_up_at < float("inf"):
            world.now = max(world.now, wake_up_at)
        else:
            raise world.broken("the run ends", f"run {self.number} waits for nothing")

    def _gather(self, until: float) -> None:
        """Process the events until a time, and commit the answers among them together."""
        world = self.world
        while (event := world.next_event()) is not None and event <= until:
            world.now = max(world.now, event)
            world.happen(self)
        arrived, self._arrived = self._arrived, []
        try:
            self.dispatcher.handle_completed(arrived, world.now)
        except RunFault as fault:
            self.fault = self.fault or fault

    def step(self) -> None:
        """Count a step; stops or kills the run if this is the step of its break."""
        self._steps += 1
        if self.end and self._steps == self.end.step:
            if self.end.kind == "kill":
                raise _Killed
            self.stopped = True

    def answered(self, flight: _Flight) -> None:
        """Receive an answer."""
        world = self.world
        self._open_request_count -= 1
        reply = flight.answer
        if isinstance(reply, SimulatedReply):
            self._note_retry_after(reply)
            reply = client_answer(api_request(flight.call), reply, world.now)
        self._arrived.append(CompletedRequest(flight.call, reply, flight.sent_at, clock_offset=0.0))
        self.step()

    def _note_retry_after(self, reply: SimulatedReply) -> None:
        """Note until when the platform asks for no requests."""
        value = reply.headers.get("Retry-After")
        if value is None or reply.fault is not ReplyFault.NONE:
            return
        now = self.world.now
        until = now + int(value) if value.isdigit() else parsedate_to_datetime(value).timestamp()
        self._paused_until = max(self._paused_until, until)

    def _check_rate(self, call: Any) -> None:
        """Check that a request respects the rate and `Retry-After`."""
        world, rate, now = self.world, self.world.scenario.settings.rate, self.world.now
        if now < self._paused_until - TIME_TOLERANCE:
            raise world.broken(
                "Retry-After", f"{call} is sent {self._paused_until - now:.3f} s too early"
            )
        self._check_outage(call)
        # Any window may have at most rate * (window + 0.1) + 1 requests. The excess of a request is
        # the number of requests before it, minus rate * time. The minimum of all earlier excesses
        # is enough to check all windows that end now.
        excess = self._calls - rate * (now - self.began)
        self._min_excess = min(self._min_excess, excess)
        self._calls += 1
        if excess - self._min_excess > rate * 0.1 + TIME_TOLERANCE * rate:
            raise world.broken("the rate", f"{call} exceeds {rate} requests per second")

    def _check_outage(self, call: Any) -> None:
        """Check that only few POSTs are sent into an outage after its first errors have arrived."""
        world = self.world
        noticed_after = world.scenario.latency[1] + world.scenario.commit_seconds + TIME_TOLERANCE
        for begin, end in world.scenario.knobs.outages:
            if begin <= world.now - START < end:
                # Before the first request, nothing can show the outage.
                first_at = self._first_requests.setdefault(begin, world.now)
                is_noticed = world.now >= first_at + noticed_after
                self._posts_into_outage += is_noticed and isinstance(call, CreateMedia)
        if self._posts_into_outage > UNCLEAR_THRESHOLD:
            raise world.broken("outage", f"{self._posts_into_outage} POSTs are sent in an outage")

    def _check_wait(self, wait: Wait) -> None:
        """Check that the dispatcher does not make the run wait again and again for nothing."""
        self._waits += 1
        is_in_past = wait.until <= self.world.now
        if is_in_past or self._waits > 2_000 + 20 * (self._steps + self.world.scenario.rows):
            raise self.world.broken(
                "the run ends", f"busy loop: it waits until {wait.until - self.world.now:+.6f} s"
            )

    def _check_idle(self) -> None:
        """Check that the run does not wait while the rate allows a request and a row is due."""
        schedule, now = self.dispatcher._schedule, self.world.now
        availability = schedule._availability
        if self.rate_limiter.ready_at(now) > now or availability._auth_probe.is_needed:
            return
        if not availability.allows_request():
            return
        if availability._outage._unclear_count or now < schedule._selection.paused_until:
            return  # after unclear answers, POSTs and pages may have to wait
        if schedule._create_queue.is_ready(now) and not schedule.admission.is_adopting:
            raise self.world.broken("idle budget", "a row waits for its POST")
        for number, poll in schedule._polling.due_rows(now).items():
            page = poll.placement.expected_page or schedule._positions.page_of(number, now)
            needs_lookup = schedule._selection._needs_lookup(number, poll, now)
            if needs_lookup and not schedule._lookups.filter_works:
                continue  # the row is searched for on one page after the other
            if (
                not poll.lookup.is_open
                and page not in schedule._pages.reads_in_progress
                and poll.lookup.scan_page_number == 1
            ):
                raise self.world.broken("idle budget", f"row {number} is due: {poll}")

    def _finish(self) -> None:
        """End the run as the thread pool does, and check its counts and rows."""
        world = self.world
        self.dispatcher.withdraw(world.now)
        counted, stored = self.dispatcher.progress(world.now).counts, world.store.reader.counts()
        if counted != stored:
            raise world.broken("none lost", f"the run reports {counted}, stored are {stored}")
        creating = [r for r in world.store.reader.records() if r.status is Status.CREATING]
        if creating:
            raise world.broken("none lost", f"{creating[0].reference_id} is still creating")
        if self._finished and not self.fault:
            unsent = [r for r in world.store.reader.records([Status.PENDING]) if not r.error]
            if unsent and not self.limit:
                raise world.broken("none lost", f"{unsent[0].reference_id} was never sent")
        if self.limit and self.pending - stored.pending > self.limit:
            raise world.broken("the limit", f"more than {self.limit} rows were claimed")


def _manifest_row(number: int, error: str = "") -> ManifestRow:
    name = reference(number)
    url = f"https://media.example/{name}.mp4"
    return ManifestRow(number + 1, name, name, url, f"Clip {number}", "mp4", (name,), error)


def _row(number: int) -> JobRow:
    row = _manifest_row(number)
    return JobRow(
        number, row.reference_id, row.source_url, row.filename, row.extension, Status.CREATING
    )


def _about(call: Any) -> str:
    """Return the reference ID of a request's row, or the page that it reads; empty if neither."""
    row, page = getattr(call, "row", None), getattr(call, "page", None)
    parts = [row.reference_id if row else "", "" if page is None else f"page {page}"]
    return " ".join(filter(None, parts))
