"""What a run tells of itself: numbers that add up, and an end that is honest early."""

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

Told = Callable[[Progress, float], None]


def watched(scenario: Scenario, patch: pytest.MonkeyPatch, tell: Callable[[Store], Told]) -> World:
    """A whole import, of which something is told after every commit."""
    answered = Dispatcher.handle_completed
    with Store(None) as store:
        printed = tell(store)

        def answered_and_told(
            self: Dispatcher, arrivals: Iterable[CompletedRequest], now: float
        ) -> None:
            answered(self, arrivals, now)
            printed(self.progress(now), now)

        patch.setattr(Dispatcher, "handle_completed", answered_and_told)
        world = World(scenario, store)
        world.run()
    return world


def test_the_numbers_add_up_to_the_manifests_rows_after_any_number_of_resumes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs = 0
    for seed in islice((seed for seed in count() if len(draw(seed).breaks) > 1), 25):
        scenario = draw(seed)
        rows = scenario.rows + scenario.invalid

        def tell(store: Store, rows: int = rows) -> Told:
            def printed(progress: Progress, _: float) -> None:
                total, *parts = astuple(progress.counts)
                assert sum(parts) == total == rows
                assert progress.counts == store.reader.counts(is_running=True)

            return printed

        with monkeypatch.context() as patch:
            runs += watched(scenario, patch, tell).outcome.runs
    assert runs > 60


def calm(rows: int, rate: float, in_flight: int = 10_000, **knobs: object) -> Scenario:
    return Scenario(
        limit=None,
        seed=1,
        rows=rows,
        invalid=0,
        knobs=Knobs.from_mapping(knobs),
        settings=Settings(rate=rate, max_in_flight=in_flight),
        commit=0.005,
        latency=(0.05, 0.2),
        refused=0.0,
        outage_refuses=False,
        wrong_key=(0.0, 0.0),
        breaks=(),
        there_before=(),
        buried=False,
        retry_failed=False,
    )


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(calm(1500, 5, processing=(2, 4)), id="short videos"),
        pytest.param(calm(1500, 5, processing=(5, 30)), id="the usual"),
        pytest.param(calm(1000, 2, processing=(20, 40)), id="slow"),
        pytest.param(calm(1500, 20, processing=(5, 60), rate_limit=6), id="throttled"),
        pytest.param(calm(1000, 20, 50, processing=(5, 30)), id="few in flight"),
        pytest.param(calm(1500, 5, processing=(5, 30), failing=0.1), id="failures"),
        pytest.param(calm(1500, 5, processing=(5, 30), lost_reply=0.01), id="lost answers"),
        pytest.param(calm(1500, 5, processing=(5, 30), existing=3000), id="a full account"),
    ],
)
def test_the_time_left_is_honest_early(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[tuple[float, float | None]] = []
    world = watched(
        scenario, monkeypatch, lambda _: lambda progress, now: printed.append((now, progress.eta))
    )
    begin, end = printed[0][0], world.now
    for share in (0.1, 0.25, 0.5):
        now, eta = next(one for one in printed if one[0] >= begin + share * (end - begin))
        assert eta is not None or share < 0.25
        if eta is not None:
            assert eta == pytest.approx(end - now, rel=0.2), f"at {share:.0%}"
    assert printed[-1][1] == 0.0
