"""Draws the scenario of one simulated import from a seed.

A scenario has the rows, the settings, the knobs (settings of the simulated platform), and the
faults: lost requests, outages, kills of the process, and changes by other users. The same seed
always gives the same scenario.
"""

from dataclasses import dataclass, replace
from random import Random
from typing import Any, Literal

from batch_import.configuration.settings import Settings
from batch_import.sandbox.knobs import Knobs

#: Knobs that are the probability of a fault of one request.
FAULTS = (
    "lost_request",
    "lost_reply",
    "error_before",
    "error_after",
    "hang",
    "truncated",
    "unavailable",
)


@dataclass(frozen=True, slots=True)
class Break:
    """The end of a run before its work is done.

    Attributes:
        kind: `kill`: everything in memory is lost at once; `stop`: as with Ctrl-C.
        step: number of the step at which the run ends. Each request has three steps: it is sent,
            it arrives at the platform, and its answer arrives.
        pause: seconds until the next run.
        arrival_probability: probability that a request in transit at a kill still reaches the
            platform.
    """

    kind: Literal["kill", "stop"]
    step: int
    pause: float
    arrival_probability: float


@dataclass(frozen=True, slots=True)
class OthersMedia:
    """A media that another user adds with the reference ID of a row.

    Attributes:
        row: the row's number.
        same_title: the media also has the row's title. Then nothing distinguishes it from the
            row's own media.
        at: seconds from the start until the media is added; None if it is added before the
            first run.
    """

    row: int
    same_title: bool
    at: float | None


@dataclass(frozen=True, slots=True)
class Scenario:
    """One import, from the manifest to the last run.

    Attributes:
        rows: number of valid rows.
        invalid: number of rows with a problem; they must never be sent.
        commit_seconds: duration of a commit; answers that arrive meanwhile are in the next commit.
        latency: minimum and maximum seconds in the network, of request and answer together.
        connection_failure: probability that the connection for a request cannot be opened.
        outage_refuses_connections: outages refuse connections instead of interrupting them.
        wrong_key_span: span in seconds since the start in which the credentials are not accepted.
        existing_rows: numbers of the rows whose reference IDs are in the account before the first
            run.
        has_newer_media: newer media of other users fill a page of the list before these media.
        retry_failed: the user sends the failed rows again, once.
        others: media of other users with the reference IDs of rows.
        refused_kind: class name of a kind of request that is always refused, and the HTTP status of
            this refusal; None if there is no such kind.
        limit: maximum number of pending rows that each of the first runs sends; None for all.
    """

    seed: int
    rows: int
    invalid: int
    knobs: Knobs
    settings: Settings
    commit_seconds: float
    latency: tuple[float, float]
    connection_failure: float
    outage_refuses_connections: bool
    wrong_key_span: tuple[float, float]
    breaks: tuple[Break, ...]
    existing_rows: tuple[int, ...]
    has_newer_media: bool
    retry_failed: bool
    limit: int | None
    others: tuple[OthersMedia, ...] = ()
    refused_kind: tuple[str, int] | None = None

    @property
    def is_without_faults(self) -> bool:
        """Whether nothing goes wrong, and every video is found as soon as it is online."""
        knobs = self.knobs
        return not (
            any(
                getattr(knobs, name)
                for name in (*FAULTS, "late_post", "list_omits", "pending_review")
            )
            or knobs.outages
            or knobs.rate_limit
            or not self.can_search
            or knobs.page_number != "exact"
            or knobs.list_order != "newest-first"
            or knobs.deletion_rate
            or self.connection_failure
            or self.breaks
            or self.existing_rows
            or self.retry_failed
            or self.limit
            or self.others
            or self.refused_kind
            or self.wrong_key_span[1]
        )

    @property
    def can_search(self) -> bool:
        """Whether the platform can be searched for one reference ID.

        If it answers 404 to an empty search, the program cannot know this.
        """
        return self.knobs.reference_filter in ("exact", "contains")

    @property
    def longest_wait(self) -> float:
        """Maximum number of seconds from a POST until its video is online and listed."""
        return max(self.knobs.processing[1], self.knobs.list_delay[1]) + self.latency[1]


def draw(seed: int) -> Scenario:
    """Draw the scenario of a seed. The result is the same on every machine."""
    dice = Random(seed)
    rows = dice.randint(150, 400) if _happens(dice, 0.02) else dice.randint(1, 40)
    rate = dice.choice((2.0, 5.0, 20.0, 60.0, round(dice.uniform(2, 60), 2)))
    knobs = _draw_knobs(dice, rate, rows)
    outage = bool(knobs.outages)
    scenario = Scenario(
        seed=seed,
        rows=rows,
        invalid=dice.randint(1, 3) if _happens(dice, 0.1) else 0,
        knobs=knobs,
        settings=_draw_settings(dice, rate, knobs),
        commit_seconds=Random(f"{seed}/commit").choice((0.0, 0.002, 0.1)),
        latency=dice.choice(((0.0, 0.0), (0.01, 0.1), (0.05, 0.5), (0.5, 3.0))),
        connection_failure=dice.uniform(0, 0.2) if _happens(dice, 0.1) else 0.0,
        outage_refuses_connections=outage and _happens(dice, 0.5),
        wrong_key_span=_span(dice, 20, 200) if _happens(dice, 0.07) else (0.0, 0.0),
        breaks=_draw_breaks(dice, rows),
        existing_rows=_draw_existing_rows(dice, rows) if _happens(dice, 0.15) else (),
        has_newer_media=seed % 3 == 0,
        retry_failed=_happens(dice, 0.5 if knobs.failing else 0.05),
        limit=_draw_limit(Random(f"{seed}/limit"), rows),
        others=_draw_others(Random(f"{seed}/others"), rows),
        refused_kind=_draw_refused_kind(Random(f"{seed}/refuses")),
    )
    scenario = _with_unsteady_list(Random(f"{seed}/deletions"), scenario)
    scenario = _with_late_posts(Random(f"{seed}/late"), scenario)
    return _without_faults(scenario) if _happens(dice, 0.08) else scenario


def _with_late_posts(dice: Random, scenario: Scenario) -> Scenario:
    """Let the platform carry out some POSTs long after it has answered them with an error.

    If this error is typical of a server and not of a gateway, there are no POSTs without a clear
    answer that are carried out at once. They would show the run that it has to wait for a short
    time only (a limit that docs/guarantee.md names).
    """
    if not _happens(dice, 0.05):
        return scenario
    drawn: dict[str, Any] = {
        "late_post": dice.uniform(0.02, 0.3),
        "late_post_delay": (1.0, 25.0),
        "late_post_status": dice.choice((500, 502, 503, 504)),
    }
    if drawn["late_post_status"] in (500, 503):
        drawn |= dict.fromkeys(("lost_reply", "error_after", "truncated", "hang"), 0.0)
        # A media that is created sooner counts as created at once, because dates have no fractions.
        drawn["late_post_delay"] = (3.0, 25.0)
    elif _happens(dice, 0.5):
        drawn |= {"lost_reply": dice.uniform(0.02, 0.2), "error_before": dice.uniform(0.0, 0.1)}
    return replace(scenario, knobs=replace(scenario.knobs, **drawn))


def _with_unsteady_list(dice: Random, scenario: Scenario) -> Scenario:
    """Add faults of the media list: deletions, or page numbers or searches that do not work."""
    drawn: dict[str, Any] = {}
    if _happens(dice, 0.15):
        drawn["deletion_rate"] = dice.choice((0.05, 0.5, 5.0))
        drawn["deletion_size"] = dice.choice((1, 5, 30))
        drawn["existing"] = dice.choice((scenario.knobs.existing, 150, 400))
    if _happens(dice, 0.08):
        # With an inexact filter and ignored page numbers, only media on page 1 could be found.
        exact = scenario.knobs.reference_filter == "exact"
        drawn["page_number"] = dice.choice(("ignored", "clamped")) if exact else "clamped"
    elif scenario.rows <= 40 and _happens(dice, 0.1):
        drawn["reference_filter"] = dice.choice(("exact-or-404", "missing"))
    has_newer_media = scenario.has_newer_media or "deletion_rate" in drawn
    return replace(
        scenario, knobs=replace(scenario.knobs, **drawn), has_newer_media=has_newer_media
    )


def _without_faults(scenario: Scenario) -> Scenario:
    """Return the scenario without all of its faults."""
    no_faults: dict[str, Any] = dict.fromkeys(
        (*FAULTS, "late_post", "list_omits", "pending_review"), 0.0
    )
    knobs = replace(
        scenario.knobs,
        **no_faults,
        rate_limit=0.0,
        outages=(),
        reference_filter="contains",
        deletion_rate=0.0,
        page_number="exact",
    )
    return replace(
        scenario,
        knobs=knobs,
        connection_failure=0.0,
        wrong_key_span=(0.0, 0.0),
        breaks=(),
        existing_rows=(),
        has_newer_media=False,
        retry_failed=False,
        limit=None,
        others=(),
        refused_kind=None,
    )


def _happens(dice: Random, probability: float) -> bool:
    return dice.random() < probability


def _span(dice: Random, latest: float, longest: float) -> tuple[float, float]:
    begin = dice.uniform(0, latest)
    return begin, begin + dice.uniform(0.1, longest)


def _draw_knobs(dice: Random, rate: float, rows: int) -> Knobs:
    # If the filter is ignored, the whole list is read for each row: slow, also in the simulation.
    is_filter_ignored = rows <= 40 and _happens(dice, 0.12)
    values: dict[str, object] = {
        "processing": dice.choice(((0.0, 0.0), (0.5, 2.0), (2.0, 4.0), (20.0, 90.0), (1.0, 120.0))),
        "listed_from": dice.choice(("created", "online")),
        "list_failed": _happens(dice, 0.7),
        "list_delay": dice.choice(((0.0, 0.0), (0.0, 0.0), (1.0, 3.0), (5.0, 60.0), (0.0, 300.0))),
        "list_omits": dice.choice((0.0, 0.0, 0.0, 0.05, 0.2)),
        "page_limit": dice.choice((100, 100, 10, 7)),
        "reference_filter": "ignored"
        if is_filter_ignored
        else dice.choice(("exact", "exact", "contains")),
        "duplicate_reference": dice.choice(("accept", "accept", "refuse")),
        "items_shape": dice.choice(("flat", "nested")),
        "status_case": dice.choice(("as-is", "lower", "upper")),
        "queued": _happens(dice, 0.3),
        "pending_review": dice.uniform(0, 0.2) if _happens(dice, 0.1) else 0.0,
        "failing": dice.uniform(0, 0.5) if _happens(dice, 0.3) else 0.0,
        "rejecting": dice.uniform(0, 0.3) if _happens(dice, 0.2) else 0.0,
        "rate_limit": dice.choice((0.0, 0.0, rate * 2, rate / 2, rate / 6, 0.4)),
        "burst": dice.choice((1, 10)),
        "retry_after": dice.choice(("seconds", "date", "none")),
        "error_body": dice.choice(("message", "problem", "html", "empty")),
        "credentials_status": dice.choice((401, 403)),
        "duration_format": dice.choice(("clock", "seconds", "text")),
        "outages": (_span(dice, 60, 200),) if _happens(dice, 0.15) else (),
        "existing": dice.choice((3, 20, 20, 150)) if _happens(dice, 0.2) else 0,
        "foreign_rate": dice.choice((0.0, 0.0, 0.0, 0.002, 0.02)),
    }
    if _happens(dice, 0.7):
        values |= {name: dice.uniform(0, 0.2) for name in FAULTS if _happens(dice, 0.3)}
    return Knobs(**values)  # type: ignore[arg-type]


def _draw_settings(dice: Random, rate: float, knobs: Knobs) -> Settings:
    longest = max(knobs.processing[1], knobs.list_delay[1])
    return Settings(
        rate=rate,
        workers=dice.choice((1, 2, 4, 8, 16, 32)),
        poll_interval=max(dice.choice((2.0, 5.0, 30.0)), longest / 8),
        max_wait=dice.choice((20.0, longest + 60, longest + 300, 1200.0)),
        max_in_flight=dice.randint(1, 20) if _happens(dice, 0.1) else 2000,
        settle=dice.choice((0.0, 10.0, 60.0, 600.0)),
        when_unsure="retry" if _happens(dice, 0.08) else "hold",
        give_up_after=150.0 if _happens(dice, 0.1) else 3600.0,
    )


def _draw_breaks(dice: Random, rows: int) -> tuple[Break, ...]:
    count = dice.choice((0, 0, 1, 1, 2, 3))
    return tuple(
        Break(
            kind="stop" if _happens(dice, 0.25) else "kill",
            step=dice.randint(1, dice.choice((3, 30, 9 * rows))),
            pause=dice.choice((0.0, 1.0, dice.uniform(0, 600))),
            arrival_probability=dice.choice((0.0, 0.5, 1.0)),
        )
        for _ in range(count)
    )


def _draw_limit(dice: Random, rows: int) -> int | None:
    return dice.randint(1, rows) if _happens(dice, 0.15) else None


def _draw_existing_rows(dice: Random, rows: int) -> tuple[int, ...]:
    return tuple(sorted(dice.sample(range(1, rows + 1), dice.randint(1, min(rows, 10)))))


def _draw_others(dice: Random, rows: int) -> tuple[OthersMedia, ...]:
    if not _happens(dice, 0.15):
        return ()
    row_numbers = dice.sample(range(1, rows + 1), dice.randint(1, min(rows, 6)))
    return tuple(
        OthersMedia(row, _happens(dice, 0.4), dice.uniform(0, 120) if _happens(dice, 0.3) else None)
        for row in sorted(row_numbers)
    )


def _draw_refused_kind(dice: Random) -> tuple[str, int] | None:
    if not _happens(dice, 0.05):
        return None
    return dice.choice(("ReadPage", "FindByReference", "GetIngestStatus")), dice.choice(
        (400, 403, 404, 414)
    )
