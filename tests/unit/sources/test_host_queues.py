"""Which source is checked next: many hosts in parallel, each with a limit; hosts that are down."""

from hypothesis import given
from hypothesis import strategies as st

from batch_import.sources.host_queues import SPACING_SECONDS, HostQueues


def test_only_one_source_of_a_host_is_checked_until_the_host_has_answered() -> None:
    queues = HostQueues()
    for number in range(3):
        queues.add(number, "a")
    assert queues.take(0.0) == (0, "a")
    assert queues.take(100.0) is None
    queues.record_connection("a")
    queues.record_end("a")
    assert [queues.take(100.0), queues.take(100.0)] == [(1, "a"), None]
    assert queues.take(100.0 + SPACING_SECONDS) == (2, "a")


def test_all_sources_of_a_host_that_is_down_are_given_up_for_a_while() -> None:
    queues = HostQueues()
    for number in range(1000):
        queues.add(number, "dead" if number else "alive")
    assert queues.take(0.0) is not None
    number, host = queues.take(0.0) or (0, "")
    queues.record_failed_connection(host, 5.0)
    assert queues.is_down(host, 6.0)
    assert queues.give_up(host) == [n for n in range(1, 1000) if n != number]
    queues.record_end(host)
    queues.add(2000, host)
    assert not queues.is_down(host, 66.0)
    assert queues.take(66.0) == (2000, host)


def test_a_host_that_has_answered_is_down_only_after_three_failures() -> None:
    queues = HostQueues()
    queues.add(0, "a")
    queues.take(0.0)
    queues.record_connection("a")
    for moment, down in ((1.0, False), (2.0, False), (3.0, True)):
        queues.record_failed_connection("a", moment)
        assert queues.is_down("a", moment) is down
    queues.record_connection("a")
    assert not queues.is_down("a", 3.0)


def test_a_redirect_counts_as_a_request_to_its_host() -> None:
    queues = HostQueues()
    queues.add(0, "a")
    assert queues.reserve("a", 1.0) == 0
    assert round(queues.reserve("a", 1.0), 6) == SPACING_SECONDS
    queues.take(1.0)
    assert round(queues.reserve("a", 1.0), 6) == round(3 * SPACING_SECONDS, 6)


def test_waiting_sources_can_be_cleared() -> None:
    queues = HostQueues()
    queues.add(0, "a")
    queues.clear()
    assert queues.take(1.0) is None
    queues.add(1, "a")
    assert queues.take(1.0) == (1, "a")


@given(
    st.lists(st.sampled_from("abcde"), min_size=1, max_size=60),
    st.lists(st.floats(0.0, 0.3), min_size=400, max_size=400),
    st.randoms(),
)
def test_every_source_is_checked_and_no_host_is_requested_too_often(
    hosts: list[str], steps: list[float], random: st.DataObject
) -> None:
    queues = HostQueues()
    for number, host in enumerate(hosts):
        queues.add(number, host)
    now, taken, under_way = 0.0, [], []
    last: dict[str, float] = {}
    for step in steps:
        now += step
        if found := queues.take(now):
            number, host = found
            assert now - last.get(host, -1.0) >= SPACING_SECONDS - 1e-9
            last[host] = now
            taken.append(number)
            under_way.append(host)
            assert under_way.count(host) <= 4
        elif under_way:
            host = under_way.pop(random.randrange(len(under_way)))  # type: ignore[attr-defined]
            queues.record_connection(host)
            queues.record_end(host)
    assert len(taken) == len(set(taken))
    assert queues.next_due_at() is not None or len(taken) == len(hosts) or under_way
    for host in set(hosts):
        expected = [number for number, each in enumerate(hosts) if each == host]
        of_host = [number for number in taken if hosts[number] == host]
        assert of_host == expected[: len(of_host)]
