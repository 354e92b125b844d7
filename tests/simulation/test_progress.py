"""Tests the progress of a run: its counts add up, and it estimates the remaining time well."""

from collections.abc import Callable, Iterable
from dataclasses import astuple
from itertools import count, islice

import pytest
from scenario import Scenario, draw
from world import World

from batch_import.configuration.settings import Settings
from batch_import.importer.dispatch import Dispatcher, Progress
from batch_import.importer.scheduled_request import CompletedRequest
from batch_import.sandbox.knobs import Knobs
from batch_import.state.store import Store

#: Called with the progress, and the time in epoch seconds.
OnProgress = Callable[[Progress, float], None]


def run_import(
    scenario: Scenario, patch: pytest.MonkeyPatch, make_callback: Callable[[Store], OnProgress]
) -> World:
    """Run a whole import, and call a function with the progress after every commit."""
    handle_completed = Dispatcher.handle_completed
    with Store(None) as store:
        on_progress = make_callback(store)

        def handle_and_report(
            self: Dispatcher, arrivals: Iterable[CompletedRequest], now: float
        ) -> None:
            handle_completed(self, arrivals, now)
            on_progress(self.progress(now), now)

        patch.setattr(Dispatcher, "handle_completed", handle_and_report)
        world = World(scenario, store)
        world.run()
    return world


def test_the_counts_add_up_to_the_rows_of_the_manifest_after_any_number_of_resumes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs = 0
    seeds_with_breaks = (seed for seed in count() if len(draw(seed).breaks) > 1)
    for seed in islice(seeds_with_breaks, 25):
        scenario = draw(seed)
        rows = scenario.rows + scenario.invalid

        def make_check(store: Store, rows: int = rows) -> OnProgress:
            def check(progress: Progress, _: float) -> None:
                total, *parts = astuple(progress.counts)
                assert sum(parts) == total == rows
                assert progress.counts == store.reader.counts(is_running=True)

            return check

        with monkeypatch.context() as patch:
            runs += run_import(scenario, patch, make_check).outcome.runs
    assert runs > 60


def without_faults(rows: int, rate: float, in_flight: int = 10_000, **knobs: object) -> Scenario:
    return Scenario(
        limit=None,
        seed=1,
        rows=rows,
        invalid=0,
        knobs=Knobs.from_mapping(knobs),
        settings=Settings(rate=rate, max_in_flight=in_flight),
        commit_seconds=0.005,
        latency=(0.05, 0.2),
        connection_failure=0.0,
        outage_refuses_connections=False,
        wrong_key_span=(0.0, 0.0),
        breaks=(),
        existing_rows=(),
        has_newer_media=False,
        retry_failed=False,
    )


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(without_faults(1500, 5, processing=(2, 4)), id="short videos"),
        pytest.param(without_faults(1500, 5, processing=(5, 30)), id="the usual"),
        pytest.param(without_faults(1000, 2, processing=(20, 40)), id="slow"),
        pytest.param(without_faults(1500, 20, processing=(5, 60), rate_limit=6), id="throttled"),
        pytest.param(without_faults(1000, 20, 50, processing=(5, 30)), id="few in flight"),
        pytest.param(without_faults(1500, 5, processing=(5, 30), failing=0.1), id="failures"),
        pytest.param(
            without_faults(1500, 5, processing=(5, 30), lost_reply=0.01), id="lost answers"
        ),
        pytest.param(
            without_faults(1500, 5, processing=(5, 30), existing=3000), id="a full account"
        ),
    ],
)
def test_the_remaining_time_is_estimated_well_early_in_the_run(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    #: Pairs of a time and the remaining seconds that the run estimates then.
    estimates: list[tuple[float, float | None]] = []
    world = run_import(
        scenario, monkeypatch, lambda _: lambda progress, now: estimates.append((now, progress.eta))
    )
    begin, end = estimates[0][0], world.now
    for share in (0.1, 0.25, 0.5):
        elapsed = share * (end - begin)
        now, eta = next(pair for pair in estimates if pair[0] >= begin + elapsed)
        assert eta is not None or share < 0.25
        if eta is not None:
            assert eta == pytest.approx(end - now, rel=0.2), f"at {share:.0%}"
    assert estimates[-1][1] == 0.0
