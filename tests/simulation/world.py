"""One whole import on a virtual clock: the real dispatcher against the stand-in's pure model.

`simulate(seed)` runs an import to its end, through kills, stops and resumes, and raises `Broken`
as soon as a rule does not hold. Nothing here reads a clock or draws from anything but the seed.
"""

# ruff: noqa: SLF001 - no method tells which rows are due, for nobody else needs to know

import heapq
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from random import Random
from typing import Any

from scenario import Break, Other, Scenario, draw

from batch_import.errors import NotSent, RunFault
from batch_import.importer.dispatch import Dispatcher
from batch_import.importer.schedule import Finished, Wait
from batch_import.importer.schedule.outage import UNCLEAR_THRESHOLD
from batch_import.importer.schedule.polling import MIN_POLL_INTERVAL, RECHECK_SHARE
from batch_import.importer.schedule.repeat import ListConsistency
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

#: Any moment will do.
START = 1_700_000_000.0
#: Floats at that size have steps of 0.2 µs.
NEARLY = 1e-4
#: Runs that end by themselves before it is said that the work does not finish.
RUNS = 14
#: Runs that heed the limit before one takes up the rest.
PILOTS = 3
#: A list that was asked so long before a row is sent again may have been too early to show it.
SLACK = 120.0


class Broken(AssertionError):
    """A rule does not hold. The message says which, of what seed, and how to see it again."""

    def __init__(self, seed: int, rule: str, words: str) -> None:
        super().__init__(
            f"seed {seed}: {rule}: {words}\n"
            f"  see it again: python tests/simulation/run.py --seed {seed}"
        )
        self.seed, self.rule = seed, rule


@dataclass(slots=True)
class Outcome:
    """What became of an import.

    Attributes:
        log: every call that left: seconds since the start, kind, and what it was about.
    """

    scenario: Scenario
    calls: int = 0
    runs: int = 0
    seconds: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    log: list[tuple[float, str, str]] = field(default_factory=list)

    @property
    def calls_a_row(self) -> float:
        """Calls, of all kinds and runs, for each valid row."""
        return self.calls / self.scenario.rows


@dataclass(slots=True)
class _Flight:
    """A call on its way. `run` is the run that sent it: no other hears of its answer."""

    call: Any
    run: int
    left_at: float
    latency: float
    answer: Any = None


class _Killed(Exception):
    """All that was in memory is gone."""


def reference(number: int) -> str:
    """The reference ID of a row; many of them hold another one."""
    return f"video-{number}"


def history(store: Store, name: str) -> list[StatusChange]:
    """What happened to a row, in order of time."""
    found = store.reader.find_by_reference(name)
    return store.reader.events(found[0]) if found else []


def simulate(seed: int, *, plain: bool = False, **knobs: Any) -> Outcome:
    """Run one import.

    Args:
        plain: without what the first simulation did not draw: media of others with the rows'
            reference IDs, and calls that are refused.
        knobs: in place of those that the seed draws.

    Raises:
        Broken: a rule does not hold.
    """
    with Store(None) as store:
        scenario = draw(seed)
        scenario = replace(scenario, knobs=replace(scenario.knobs, **knobs))
        if plain:
            scenario = replace(scenario, others=(), refuses=None)
        return World(scenario, store).run()


class World:
    """The platform, the state that outlives every run, and the time."""

    def __init__(self, scenario: Scenario, store: Store) -> None:
        self.scenario = scenario
        self.store = store
        self.platform = SimulatedPlatform(scenario.knobs, scenario.seed, START)
        self.now = START
        self.outcome = Outcome(scenario)
        self.settings = scenario.settings
        self.limit = scenario.limit
        self.refused: set[str] = set()
        self.there_before: set[str] = set()
        self._dice = Random(f"{scenario.seed}/way")
        self._events: list[tuple[float, int, str, _Flight]] = []
        self._turn = 0
        self._breaks = list(scenario.breaks)
        self._load()

    def broken(self, rule: str, words: str) -> Broken:
        return Broken(self.scenario.seed, rule, f"{words} (after {self.now - START:.3f} s)")

    def _load(self) -> None:
        valid = [_manifest_row(n) for n in range(1, self.scenario.rows + 1)]
        first = self.scenario.rows + 1
        invalid = [_manifest_row(n, "no good") for n in range(first, first + self.scenario.invalid)]
        self.store.load([*valid, *invalid], self.now)
        self._names = {row.reference_id for row in valid}
        later = [other for other in self.scenario.others if other.at is not None]
        self._others = sorted(later, key=lambda other: -(other.at or 0.0))
        for number in self.scenario.there_before:
            self.platform.handle(simulated_request(create_media(_row(number))), self.now)
            self.now += 2.0
        for other in self.scenario.others:
            if other.at is None:
                self._add_other(other)
                self.now += 2.0
        before = [m for m in self.platform.media if m.reference_id in self._names]
        if self.scenario.there_before and self.scenario.buried:
            self._bury(PAGE_SIZE if self.scenario.seed % 2 else 20)
        self.there_before = {m.reference_id for m in before}
        self._before = len(self.platform.media)
        #: What a look at the account, before the first create, must find.
        self.adoptable = {m.reference_id for m in before if self._is_adoptable(m)}

    def _bury(self, many: int) -> None:
        """Others have added so many media since."""
        other = simulated_request(create_media(replace(_row(1), reference_id="")))
        enough = len(self.platform.media) + many
        for _ in range(10 * many):  # not every POST comes to something
            if len(self.platform.media) < enough:
                self.platform.handle(other, self.now)
                self.now += 2.0
        for media in self.platform.media[enough - many :]:
            media.foreign = True

    def _add_other(self, other: Other) -> None:
        title = f"Clip {other.row}" if other.same_title else f"Somebody's own {other.row}"
        name, at = reference(other.row), self.now if other.at is None else START + other.at
        latest = self.platform.media[-1].created if self.platform.media else at
        self.platform.new_media(max(at, latest), reference_id=name, title=title, foreign=True)

    def _add_others(self) -> None:
        """Others add media while the import goes on."""
        while self._others and START + (self._others[-1].at or 0.0) <= self.now:
            self._add_other(self._others.pop())

    def _is_still_there(self, row: JobRow) -> bool:
        """Whether others have not deleted what was in the account before."""
        found = self.platform.non_failed_media(row.reference_id, self.now)
        return any(media.number < self._before for media in found)

    def _is_adoptable(self, media: SandboxMedia) -> bool:
        shown = self._listed(media) and not self.scenario.knobs.list_omits
        return shown and not (media.failed and media.online_at < self.now + SLACK)

    # The runs ---------------------------------------------------------------------------------

    def run(self) -> Outcome:
        """Run after run until all is told of every row."""
        ended, retry_failed = 0, self.scenario.retry_failed
        while ended < RUNS:
            if not self._one_run():
                continue
            ended += 1
            self.limit = self.limit if ended < PILOTS else None
            left = self._look_over()
            if not left:
                if not retry_failed:
                    break
                retry_failed = False
                self.store.queue.choose(())
                self.store.queue.retry_failed(self.now)
                # As when the manifest is loaded again.
                self.store.facts.save(ACCOUNT_SEARCH.of(AccountSearch.NOT_DONE))
            self._time_passes(ended)
        else:
            raise self.broken("none lost", f"still open after {RUNS} runs: {'; '.join(left[:5])}")
        self._deliver_the_rest()
        self._look_over()
        return self._told()

    def _one_run(self) -> bool:
        """Whether it ended by itself."""
        self.outcome.runs += 1
        pause = self._breaks.pop(0) if self._breaks else None
        run = _Run(self, pause)
        self.started(run)
        try:
            run.go()
        except _Killed:
            assert pause is not None
            self._power_cut(pause)
            return False
        if run.stopped:
            assert pause is not None
            self.now += pause.pause
            return False
        return True

    def started(self, run: "_Run") -> None:
        """A run begins."""

    def _power_cut(self, cut: Break) -> None:
        assert not self.store.connection.in_transaction  # what was not committed is gone
        kept = [
            event
            for event in sorted(self._events)
            if event[2] == "arrive" and self._dice.random() < cut.arrives
        ]
        self._events = kept
        self.now += cut.pause

    def _time_passes(self, ended: int) -> None:
        """A while until the next run; after a few of them, whatever was to happen has happened."""
        self.now += self._dice.uniform(0, 600)
        if ended > 2:
            self.settings = replace(self.settings, max_wait=3600.0)
            ends = [max(m.listed_at, m.online_at) for m in self.platform.media[self._before :]]
            self.now = max(self.now, *ends, self.now)

    def _deliver_the_rest(self) -> None:
        while self._events:
            self.now = max(self.now, self._events[0][0])
            self.happen(None)

    def _told(self) -> Outcome:
        outcome, scenario = self.outcome, self.scenario
        if scenario.refuses and outcome.calls > (300 + 60 * scenario.rows) * outcome.runs:
            raise self.broken("bounded loops", f"{outcome.calls} calls for {scenario.rows} rows")
        outcome.seconds = self.now - START
        outcome.statuses = Counter(str(r.status) for r in self.store.reader.records())
        if scenario.calm:
            self._check_calm()
        return outcome

    def _check_calm(self) -> None:
        """Where nothing goes wrong, the first run does it all, and with few calls."""
        scenario, outcome = self.scenario, self.outcome
        settings = scenario.settings
        if settings.max_wait > 2 * scenario.longest_wait + 2 * settings.poll_interval + 60:
            if outcome.runs > 1:
                raise self.broken("the run ends", f"{outcome.runs} runs where nothing went wrong")
            if set(outcome.statuses) - {"imported", "failed", "invalid"}:
                raise self.broken("none lost", f"not all told: {dict(outcome.statuses)}")
        # A page is read a logarithmic number of times until the last row on it is done.
        pages = 1 + (scenario.rows + scenario.knobs.existing) // scenario.knobs.page_limit
        looks = 10 + math.log(1 + scenario.longest_wait) / math.log(1 + RECHECK_SHARE)
        bound = looks * min(pages, 1 + scenario.rows // scenario.knobs.page_limit) + pages
        self._check_detection()
        if outcome.calls > bound * outcome.runs + scenario.rows * self._calls_a_row():
            raise self.broken("few calls", f"{outcome.calls} calls for {scenario.rows} rows")

    def _check_detection(self) -> None:
        """After the last create a row that is online is soon seen, where the budget allows it."""
        scenario = self.scenario
        last = max((at for at, kind, _ in self.outcome.log if kind == "CreateMedia"), default=0.0)
        pages = 2 + scenario.rows // scenario.knobs.page_limit
        asked = 2 * scenario.latency[1] + 2 * scenario.commit
        queued = 3 * pages * max(asked / scenario.settings.workers, 1 / scenario.settings.rate)
        if self.outcome.runs > 1 or scenario.settings.max_in_flight < scenario.rows:
            return
        if scenario.knobs.list_delay[1] or scenario.knobs.failing:
            return  # what is looked for by itself is seen later
        for media in self.platform.media[self._before :]:
            events = {e.status: e.time for e in history(self.store, media.reference_id)}
            accepted = events.get(Status.PROCESSING, self.now)
            visible = max(media.online_at, media.listed_at, START + last, accepted)
            age = visible - media.created
            allowed = max(
                MIN_POLL_INTERVAL, min(scenario.settings.poll_interval, RECHECK_SHARE * age)
            )
            late = events.get(Status.IMPORTED, visible) - visible
            # A row at the border of two small pages may move from one to the other.
            looks = 1.1 if scenario.knobs.page_limit == PAGE_SIZE else 2.2
            if not media.foreign and late > looks * (allowed + asked) + queued:
                raise self.broken("detection", f"{media.reference_id} is seen {late:.1f} s late")

    def _calls_a_row(self) -> float:
        """The most that a row may take where nothing goes wrong."""
        knobs = self.scenario.knobs
        if self.scenario.settings.max_in_flight < self.scenario.rows:
            return 5.0 + 45 / self.scenario.settings.max_in_flight  # few are seen at once
        if knobs.list_delay[1]:
            return 5.0  # none is seen although it is there
        if knobs.failing and not knobs.list_failed:
            return 3.0
        if knobs.listed_from == "created" and not knobs.failing:
            return 1.3
        return 2.5 if knobs.page_limit == PAGE_SIZE else 3.5

    # Calls on their way -----------------------------------------------------------------------

    def send(self, call: Any, run: int) -> None:
        """A call leaves."""
        self.outcome.calls += 1
        self.outcome.log.append((round(self.now - START, 6), type(call).__name__, _about(call)))
        latency = self._dice.uniform(*self.scenario.latency)
        flight = _Flight(call, run, self.now, latency)
        if self._no_connection():
            flight.answer = NotSent("the connection was refused")
            self._later(latency, "answer", flight)
        else:
            self._later(latency / 2, "arrive", flight)

    def _no_connection(self) -> bool:
        if self.scenario.refused and self._dice.random() < self.scenario.refused:
            return True
        return self.scenario.outage_refuses and any(
            begin <= self.now - START < end for begin, end in self.scenario.knobs.outages
        )

    def _later(self, delay: float, kind: str, flight: _Flight) -> None:
        self._turn += 1
        heapq.heappush(self._events, (self.now + delay, self._turn, kind, flight))

    def next_event(self) -> float | None:
        """When something happens next."""
        return self._events[0][0] if self._events else None

    def happen(self, run: "_Run | None") -> None:
        """The next thing happens."""
        _, _, kind, flight = heapq.heappop(self._events)
        ours = run is not None and flight.run == run.number
        if kind == "arrive":
            self._arrive(flight, stale=not ours)
            if ours and run:
                run.step()
        elif ours and run:
            run.answered(flight)

    def _arrive(self, flight: _Flight, *, stale: bool) -> None:
        call = flight.call
        if isinstance(call, CreateMedia):
            self._check_intent(call.row.reference_id, stale=stale)
            if call.row.reference_id in self.adoptable and self._is_still_there(call.row):
                raise self.broken("adoption", f"{call.row.reference_id} was there, and is sent")
        self._add_others()
        begin, end = self.scenario.wrong_key
        password = "old" if begin <= self.now - START < end else self.platform.api_key
        reply = self.platform.handle(simulated_request(api_request(call), password), self.now)
        refuses = self.scenario.refuses
        if refuses and type(call).__name__ == refuses[0] and reply.status == 200:
            reply = SimulatedReply(refuses[1], {"message": "Refused."}, delay=reply.delay)
        if isinstance(call, CreateMedia):
            if reply.status in (400, 401, 403, 422):
                self.refused.add(call.row.reference_id)
            self.check_once(call.row.reference_id)
        delay = reply.delay
        if reply.fault is ReplyFault.HANG:
            delay = min(delay, self.scenario.settings.timeout[1])
        flight.answer = reply
        self._later(delay + flight.latency / 2, "answer", flight)

    # Rules that are looked at while it runs ---------------------------------------------------

    def _check_intent(self, name: str, *, stale: bool) -> None:
        """Intent before deed."""
        connection = self.store.connection
        found = connection.row("SELECT status FROM row WHERE identity = ?", (name,))
        allowed = {"creating"}
        if stale:
            if self.scenario.settings.when_unsure == "retry":
                return
            allowed = {"creating", "unknown"} | (
                {"imported", "processing"} if name in self.there_before else set()
            )
        if connection.in_transaction or found[0] not in allowed:
            raise self.broken("intent before deed", f"{name} is {found[0]} as its POST arrives")

    def live(self, name: str) -> list[SandboxMedia]:
        """The living media that this import made for a row."""
        found = self.platform.non_failed_media(name, self.now)
        return [m for m in found if m.number >= self._before and not m.foreign]

    def check_once(self, name: str) -> None:
        """Never two living media of one row."""
        live = self.live(name)
        if len(live) > 1 and not self._excuse(name, live[0]):
            raise self.broken("exactly once", f"{name} has {len(live)} living media")

    def _excuse(self, name: str, first: SandboxMedia) -> bool:
        """The user had unsure rows sent again, and the first media could not be seen by then."""
        knobs = self.scenario.knobs
        if self.scenario.settings.when_unsure == "hold":
            return False
        again = [e.time for e in history(self.store, name) if e.status is Status.PENDING]
        again = [time for time in again if time >= first.created]
        # A search of many pages tells of the moment at which it began.
        rate = min(self.scenario.settings.rate, knobs.rate_limit or self.scenario.settings.rate)
        search = 5 * self.scenario.rows / knobs.page_limit / rate
        unseen = bool(again) and first.listed_at > again[0] - SLACK - search
        return unseen or knobs.list_omits > 0 or knobs.reference_filter == "ignored"

    # Rules that are looked at after each run --------------------------------------------------

    def _look_over(self) -> list[str]:
        """Judge every row; returns what is still to be told of them by another run."""
        counts = self.store.reader.counts()
        expected = self.scenario.rows + self.scenario.invalid
        records = list(self.store.reader.records())
        if not (counts.total == len(records) == expected):
            raise self.broken("none lost", f"{expected} rows became {counts} / {len(records)}")
        made: dict[str, list[SandboxMedia]] = {}
        for media in self.platform.media:
            if media.reference_id:
                made.setdefault(media.reference_id, []).append(media)
        return [left for record in records for left in self._judge(record, made)]

    def _judge(self, record: ResultRow, made: dict[str, list[SandboxMedia]]) -> Iterator[str]:
        media = [
            one
            for one in made.get(record.reference_id, [])
            if not self._is_others(one, record) or self._at_once(one, record)
        ]
        self.check_once(record.reference_id)
        if record.status in (Status.FAILED, Status.UNKNOWN) and not record.codes:
            raise self.broken("a failure has a code", f"{record.reference_id}: {record.error}")
        match record.status:
            case Status.IMPORTED:
                self._judge_imported(record, made.get(record.reference_id, []))
            case Status.FAILED:
                self._judge_failed(record, media)
            case _ if self.scenario.refuses:
                pass  # what is refused cannot be told
            case Status.UNKNOWN:
                yield from self._judge_unknown(record, media)
            case Status.PROCESSING:
                yield from self._judge_processing(record, media)
            case Status.INVALID:
                if media:
                    raise self.broken("exactly once", f"invalid {record.reference_id} was sent")
            case _:
                yield f"{record.reference_id} is {record.status}"

    def _is_absence_proven(self, record: ResultRow) -> bool:
        """Whether what this job knows of lists proves that an unknown row was not created.

        Not where a list may lie to one run in a way that another does not see, nor while media that
        are there are not seen to be done: lists may hide this one for as long.
        """
        knobs = self.scenario.knobs
        if self.store.reader.counts().processing:
            return False
        if knobs.list_omits or knobs.reference_filter == "ignored" or knobs.page_number != "exact":
            return False
        proof = ListConsistency.restore(self.store.facts.get(LIST_CONSISTENCY)).proof_age(0.0)
        events = history(self.store, record.reference_id)
        given_up = max(e.time for e in events if e.status is Status.CREATING) + SLACK
        return proof is not None and self.now - given_up > proof

    def _is_others(self, media: SandboxMedia, record: ResultRow) -> bool:
        """Whether a media is evidently not the row's."""
        return media.foreign and media.title != record.filename

    def _at_once(self, media: SandboxMedia, record: ResultRow) -> bool:
        """Whether a media of others was created while the row's POST was under way."""
        events = history(self.store, record.reference_id)
        begin = min((e.time for e in events if e.status is Status.CREATING), default=self.now)
        ended = (Status.UNKNOWN, Status.PROCESSING)
        end = max((e.time for e in events if e.status in ended), default=begin)
        # The platform tells whole seconds, and so does its clock.
        return begin - 3 <= media.created <= end + 5

    def _judge_imported(self, record: ResultRow, media: list[SandboxMedia]) -> None:
        mine = [m for m in media if m.key == record.key]
        if mine and self._is_others(mine[0], record) and not self._at_once(mine[0], record):
            raise self.broken("none taken from others", f"{record.reference_id}: {mine[0].title}")
        if not record.key or not mine:
            raise self.broken("right key", f"{record.reference_id} has the key {record.key!r}")
        if self.platform.status(mine[0], self.now) != "Online":
            raise self.broken("right key", f"the media of {record.reference_id} is not online")
        if (record.media_id, record.title) != (mine[0].id, mine[0].title):
            raise self.broken("right key", f"{record.reference_id} is told of another media")

    def _judge_failed(self, record: ResultRow, media: list[SandboxMedia]) -> None:
        name = record.reference_id
        # Others may have deleted theirs since.
        theirs = [m for m in self.platform.media if m.reference_id == name]
        taken = any(self._is_others(m, record) for m in theirs)
        said = (
            name in self.refused
            or any(map(self._failed, media))
            or (taken and "reference ID is taken" in record.error)
            or (self.scenario.refuses and "is refused" in record.error)
        )
        if not said:
            raise self.broken("none lost", f"{name} failed though nobody said so: {record.error}")
        live = self.live(name)
        if live and not self._excuse(name, live[0]):
            raise self.broken("none lost", f"{name} failed, and its media lives: {record.error}")

    def _judge_unknown(self, record: ResultRow, media: list[SandboxMedia]) -> Iterator[str]:
        """A row stays unknown only as long as nothing tells what became of its POST."""
        # Of a media with another title the row may not be sure: it is held, and rightly.
        own = [m for m in media if not self._is_others(m, record)]
        if any(self._listed(m) and not self._failed(m) for m in own):
            yield f"{record.reference_id} is unknown, and its media is listed"
        elif not media and self._is_absence_proven(record):
            yield f"{record.reference_id} is unknown, and lists prove that it has no media"

    def _judge_processing(self, record: ResultRow, media: list[SandboxMedia]) -> Iterator[str]:
        name = record.reference_id
        if not media:
            raise self.broken("none lost", f"{name} is processing, and there is no media of it")
        # The row waits for this one media, if it knows which; otherwise for any.
        known = {record.ingest_id, record.media_id} - {""}
        mine = [m for m in media if known & {m.ingest_id, m.id}] or media
        if any(self._listed(m) and self.platform.status(m, self.now) == "Online" for m in mine):
            yield f"{name} is processing, and its media is online"
        if record.ingest_id and any(map(self._failed, mine)):
            yield f"{name} is processing, and its ingest has failed"
        if any(self.now < m.online_at for m in mine):
            yield f"{name} is processing"

    def _failed(self, media: SandboxMedia) -> bool:
        return media.failed and self.now >= media.online_at

    def _listed(self, media: SandboxMedia) -> bool:
        knobs = self.scenario.knobs
        if knobs.page_number == "ignored" and knobs.reference_filter != "exact":
            return False  # whatever is not on the first page, nobody can find
        if media.deleted or self.now < media.listed_at:
            return False
        return self.scenario.knobs.list_failed or not self._failed(media)


class _Run:
    """One run of the program: what is in memory, and gone with a kill."""

    def __init__(self, world: World, end: Break | None) -> None:
        settings = world.settings
        self.world = world
        self.number = world.outcome.runs
        self.end = end
        self.stopped = False
        self.fault: RunFault | None = None
        self.budget = RateLimiter(settings.rate, world.now)
        world.store.queue.choose(())
        if world.limit:
            world.store.queue.choose_first(world.limit)
        self.limit = world.limit
        self.pending = world.store.reader.counts().pending
        self.dispatcher = Dispatcher(settings, world.store, self.budget, world.now)
        self.began = world.now
        self._steps = self._waits = self._calls = 0
        self._under_way = 0
        self._arrived: list[CompletedRequest] = []
        self._finished = False
        self._held_until = world.now
        self._posts_into_outage = 0
        self._least = float("inf")

    def go(self) -> None:
        """Until the run ends, well or not."""
        bound = self.began + self._longest()
        while True:
            wake = self._take_calls()
            if self._over and not self._under_way:
                break
            self._pass_time(wake)
            if self.world.now > bound:
                raise self.world.broken(
                    "the run ends", f"run {self.number} goes on after {self._longest():.0f} s"
                )
        self._bring_home()

    @property
    def _over(self) -> bool:
        return bool(self._finished or self.fault or self.stopped)

    def _longest(self) -> float:
        scenario, settings = self.world.scenario, self.world.settings
        knobs = scenario.knobs
        rate = min(settings.rate, knobs.rate_limit or settings.rate)
        turns = 1 + scenario.rows / settings.max_in_flight
        quiet = sum(end - begin for begin, end in knobs.outages) + 2 * scenario.wrong_key[1]
        waits = settings.max_wait + settings.settle + 2 * scenario.longest_wait + 1200
        a_call = scenario.latency[1] + knobs.hang * settings.timeout[1]
        busy = scenario.rows * (60 / rate + 20 * a_call / settings.workers)
        return 3 * (turns * waits + quiet + busy)

    def _take_calls(self) -> float:
        """Hand out what may leave now; returns when to ask again."""
        world = self.world
        while not self._over and self._under_way < world.scenario.settings.workers:
            step = self.dispatcher.next_request(world.now)
            if isinstance(step, Finished):
                self._finished = True
            elif isinstance(step, Wait):
                self._check_wait(step)
                self._check_idle()
                return step.until
            else:
                self._check_leaves(step)
                self._under_way += 1
                self.step()
                # A stop comes too late for this one: the pool brings home what it has taken.
                world.send(step, self.number)
        return float("inf")

    def _pass_time(self, wake: float) -> None:
        world = self.world
        event = world.next_event()
        if event is not None and event <= wake:
            self._gather(max(world.now, event) + world.scenario.commit)
        elif wake < float("inf"):
            world.now = max(world.now, wake)
        else:
            raise world.broken("the run ends", f"run {self.number} waits for nothing")

    def _gather(self, until: float) -> None:
        """What happens until the last commit has ended; the answers among it come together."""
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
        """One more step; perhaps the last."""
        self._steps += 1
        if self.end and self._steps == self.end.step:
            if self.end.kind == "kill":
                raise _Killed
            self.stopped = True

    def answered(self, flight: _Flight) -> None:
        """An answer comes back."""
        world = self.world
        self._under_way -= 1
        reply = flight.answer
        if isinstance(reply, SimulatedReply):
            self._heed(reply)
            reply = client_answer(api_request(flight.call), reply, world.now)
        self._arrived.append(CompletedRequest(flight.call, reply, flight.left_at, clock_offset=0.0))
        self.step()

    def _heed(self, reply: SimulatedReply) -> None:
        """Note how long the platform asks to be left alone."""
        value = reply.headers.get("Retry-After")
        if value is None or reply.fault is not ReplyFault.NONE:
            return
        now = self.world.now
        until = now + int(value) if value.isdigit() else parsedate_to_datetime(value).timestamp()
        self._held_until = max(self._held_until, until)

    def _check_leaves(self, call: Any) -> None:
        """The rate, and the platform's wish to be left alone."""
        world, rate, now = self.world, self.world.scenario.settings.rate, self.world.now
        if now < self._held_until - NEARLY:
            raise world.broken(
                "Retry-After", f"{call} leaves {self._held_until - now:.3f} s too early"
            )
        self._check_outage(call)
        # In any window there are at most rate * (window + 0.1) + 1 calls: the least of
        # (calls before it - rate * its time) over all earlier calls tells of all windows at once.
        place = self._calls - rate * (now - self.began)
        self._least = min(self._least, place)
        self._calls += 1
        if place - self._least > rate * 0.1 + NEARLY * rate:
            raise world.broken("the rate", f"{call} leaves sooner than {rate} calls a second allow")

    def _check_outage(self, call: Any) -> None:
        """No more than a few POSTs leave into an outage, once its first victims could be known."""
        world = self.world
        known = START + world.scenario.latency[1] + world.scenario.commit + NEARLY
        down = any(b + known <= world.now < START + e for b, e in world.scenario.knobs.outages)
        self._posts_into_outage += down and isinstance(call, CreateMedia)
        if self._posts_into_outage > UNCLEAR_THRESHOLD:
            raise world.broken("outage", f"{self._posts_into_outage} POSTs leave into an outage")

    def _check_wait(self, wait: Wait) -> None:
        self._waits += 1
        busy = wait.until <= self.world.now
        if busy or self._waits > 2_000 + 20 * (self._steps + self.world.scenario.rows):
            raise self.world.broken(
                "the run ends", f"it spins: told to wait until {wait.until - self.world.now:+.6f} s"
            )

    def _check_idle(self) -> None:
        """No call is held back while the budget has tokens and a row is due."""
        schedule, now = self.dispatcher._schedule, self.world.now
        outage = schedule._outage
        if self.budget.ready_at(now) > now or schedule._auth_probe.is_needed:
            return
        if not outage.allows_request(schedule._open_request_count):
            return
        if schedule._outage._unclear_count or now < schedule._selection.paused_until:
            return  # POSTs and pages may be held back after unclear answers
        if schedule._create_queue.is_ready(now) and not schedule.admission.is_adopting:
            raise self.world.broken("idle budget", "a row waits for its POST")
        # No method tells which rows are due, for nobody else needs to know.
        for number, poll in schedule._polling.due_rows(now).items():
            expected = poll.expected_page
            page = expected or schedule._positions.page_of(number, now)
            alone = schedule._selection._needs_lookup(number, poll, now)
            if alone and not schedule._comparison.filter_works:
                continue  # it is looked for on page after page
            if (
                not poll.is_requested
                and page not in schedule._pages.reads_in_progress
                and poll.scan_page_number == 1
            ):
                raise self.world.broken("idle budget", f"row {number} is due: {poll}")

    def _bring_home(self) -> None:
        """What the pool does at the end of a run, and what must be true then."""
        world = self.world
        self.dispatcher.withdraw(world.now)
        counted, stored = self.dispatcher.progress(world.now).counts, world.store.reader.counts()
        if counted != stored:
            raise world.broken("none lost", f"told are {counted}, stored are {stored}")
        left = [r for r in world.store.reader.records() if r.status is Status.CREATING]
        if left:
            raise world.broken("none lost", f"{left[0].reference_id} is left creating")
        if self._finished and not self.fault:
            left = [r for r in world.store.reader.records([Status.PENDING]) if not r.error]
            if left and not self.limit:
                raise world.broken("none lost", f"{left[0].reference_id} was never sent")
        if self.limit and self.pending - stored.pending > self.limit:
            raise world.broken("the limit", f"more than {self.limit} rows were taken up")


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
    row, page = getattr(call, "row", None), getattr(call, "page", None)
    parts = [row.reference_id if row else "", "" if page is None else f"page {page}"]
    return " ".join(filter(None, parts))
