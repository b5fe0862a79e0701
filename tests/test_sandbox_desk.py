"""The made-up helpdesk: the same for the same seed, rich enough, and consistent however its clock moves."""

import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sandbox import Desk
from connectors.sandbox.calls import Calls
from connectors.sandbox.cast import FIRST_CUSTOMER
from connectors.sandbox.history import SPAM
from connectors.sandbox.story import UNSOLVED, Event

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


def a_desk(seed: int = 1, tickets: int = 400, days: float = 90) -> Desk:
    return Desk(seed=seed, tickets=tickets, days=days, now=NOW)


@pytest.fixture(scope="module")
def big() -> Desk:
    return a_desk(tickets=4_000, days=365)


def told(desk: Desk) -> list[list[Event]]:
    return [list(ticket.events) for ticket in desk.tickets()]


def brute_force_order(desk: Desk) -> list[tuple[int, int]]:
    return sorted((ticket.changed_at, ticket.number) for ticket in desk.tickets())


def test_the_same_seed_tells_the_same_story() -> None:
    assert told(a_desk(seed=5)) == told(a_desk(seed=5))


def test_another_seed_tells_another_story() -> None:
    assert told(a_desk(seed=5)) != told(a_desk(seed=6))


def test_a_change_by_hand_is_the_same_for_the_same_seed() -> None:
    first, second = a_desk(), a_desk()

    assert first.change(20) == second.change(20)
    assert told(first) == told(second)


def test_exactly_the_asked_number_of_tickets_exists_two_minutes_ago() -> None:
    desk = a_desk(tickets=777)

    assert desk.count() == 777
    assert max(ticket.created_at for ticket in desk.tickets()) <= NOW.timestamp() - 120


def test_nothing_has_happened_that_is_still_to_come(big: Desk) -> None:
    assert max(event.at for events in told(big) for event in events) <= NOW.timestamp()


def test_events_of_a_ticket_are_in_order_and_begin_with_its_creation(big: Desk) -> None:
    for events in told(big):
        assert events[0].kind == "created"
        order = [(event.at, event.update) for event in events]
        assert order == sorted(order)


def test_each_change_knows_the_value_it_replaced(big: Desk) -> None:
    for events in told(big):
        known: dict[str, str | None] = {}
        for event in events:
            if event.kind in {"status", "agent", "group", "priority"}:
                assert event.previous == known.get(event.kind)
                assert event.value != event.previous
                known[event.kind] = event.value


def test_the_history_holds_every_kind_of_ticket(big: Desk) -> None:
    tickets = list(big.tickets())

    assert len({ticket.plot.name for ticket in tickets}) == 10
    assert {ticket.status for ticket in tickets} == {*UNSOLVED, "solved", "closed"}
    assert len({ticket.channel for ticket in tickets}) == 7
    assert any(ticket.deleted_at for ticket in tickets)
    assert any(ticket.is_scrubbed for ticket in tickets)
    assert any(ticket.merged_into for ticket in tickets)
    assert any(ticket.plot.burst for ticket in tickets)
    assert big.history.skeleton.followup_of
    kinds = Counter(event.kind for ticket in tickets for event in ticket.events)
    for kind in ("restored", "absorbed", "survey_answered", "bot_handoff", "bot_resolved", "schedule"):
        assert kinds[kind], kind


def test_tickets_are_reopened_transferred_and_answered_in_private(big: Desk) -> None:
    events = [event for ticket in big.tickets() for event in ticket.events]

    assert any(e.kind == "status" and e.previous == "solved" and e.value == "open" for e in events)
    assert any(e.kind == "group" and e.previous for e in events)
    assert any(e.kind == "agent" and e.previous for e in events)
    assert any(e.kind == "message" and not e.public and e.role == "agent" for e in events)


def test_light_agents_never_write_to_customers(big: Desk) -> None:
    light = {agent.key for agent in big.cast.light}
    by_light = [e for t in big.tickets() for e in t.events if e.actor in light]

    assert by_light
    assert not any(event.public for event in by_light)


def test_answers_come_days_after_the_offer_and_some_are_changed(big: Desk) -> None:
    offered = {t.number: t.offered_at for t in big.tickets() if t.offered_at}
    answers = [(at, number, step) for at, number, step in big.surveys(0, big.now()) if step]

    assert max(at - offered[number] for at, number, _ in answers) > 5 * 86_400
    assert any(step == 2 for _, _, step in answers)


def test_followups_and_merged_tickets_share_the_originals_requester(big: Desk) -> None:
    links = big.history.skeleton.followup_of | big.history.skeleton.merged_into

    for number, original in links.items():
        assert big.history.requester(number) == big.history.requester(original)


def test_customers_are_of_the_cast(big: Desk) -> None:
    last = FIRST_CUSTOMER + big.cast.customers
    assert all(FIRST_CUSTOMER <= ticket.requester < last for ticket in big.tickets())


def test_spam_is_deleted_and_never_answered(big: Desk) -> None:
    spam = [t for t in big.tickets() if big.history.skeleton.kinds[t.number - 1, 2] == SPAM]

    assert spam
    assert not any(event.role == "agent" and event.kind == "message" for t in spam for event in t.events)


def test_tickets_are_listed_by_their_last_change(big: Desk) -> None:
    assert list(big.changed(0, big.now() + 10)) == brute_force_order(big)


def test_every_update_is_listed_once_in_order_of_time(big: Desk) -> None:
    updates = list(big.updates(0, big.now()))

    assert updates == sorted(updates)
    expected = {(e.at, t.number, e.update) for t in big.tickets() for e in t.events if e.kind != "touched"}
    assert set(updates) == expected
    assert len(updates) == len(expected)


def test_every_step_of_every_sla_clock_is_listed_once(big: Desk) -> None:
    steps = list(big.sla_steps(0, big.now()))

    expected = {(s.at, t.number, n) for t in big.tickets() for n, s in enumerate(big.sla(t.number))}
    assert set(steps) == expected
    assert len(steps) == len(expected)


def test_sla_targets_are_met_and_missed(big: Desk) -> None:
    kinds = Counter((s.clock, s.kind) for t in big.tickets() for s in big.sla(t.number))

    for clock in ("reply", "requester_wait"):
        assert kinds[clock, "breach"] < kinds[clock, "fulfill"]
        assert kinds[clock, "breach"]


def test_calls_end_in_every_way(big: Desk) -> None:
    calls = list(Calls(big).all())

    assert {call.outcome for call in calls} == {
        "answered",
        "voicemail",
        "failed",
        "abandoned_in_queue",
        "abandoned_in_ivr",
        "abandoned_in_voicemail",
        "abandoned_on_hold",
    }
    assert len({call.key for call in calls}) == len(calls)


def test_a_touch_moves_the_version_and_nothing_else() -> None:
    desk = a_desk()
    before = desk.ticket(7)

    desk.clock.advance(minutes=5)
    desk.touch(7)

    after = desk.ticket(7)
    assert after.updated_at == before.updated_at
    assert after.changed_at == desk.now() > before.changed_at
    assert not [key for key in desk.updates(desk.now(), desk.now()) if key[1] == 7]


def test_a_change_by_hand_ends_the_script() -> None:
    desk = a_desk()
    live = next(t for t in desk.tickets() if desk.history.bones(t.number).final > desk.now() + 3_600)

    desk.act(live.number, ("status", "on_hold"))
    desk.clock.advance(days=60)

    assert desk.ticket(live.number).status == "on_hold"


def test_too_many_changes_are_refused_with_what_is_possible() -> None:
    with pytest.raises(ValueError, match=r"only \d+ tickets of the last 30 days can still change"):
        a_desk().change(10_000)


def test_an_unknown_ticket_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        a_desk().ticket(10_000_000)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("advance"), st.integers(1, 400_000)),
            st.tuples(st.just("change"), st.integers(1, 5)),
            st.tuples(st.just("flood"), st.integers(1, 30)),
            st.tuples(st.just("touch"), st.integers(1, 150)),
            st.tuples(st.just("back"), st.integers(1, 100_000)),
        ),
        max_size=8,
    )
)
def test_the_order_of_last_changes_survives_any_meddling(steps: list[tuple[str, int]]) -> None:
    desk = a_desk(tickets=150, days=40)
    for what, amount in steps:
        if what == "advance":
            desk.clock.advance(amount)
        elif what == "change":
            desk.change(min(amount, 3))
        elif what == "flood":
            desk.touch_all_same_second(amount)
        elif what == "touch":
            desk.touch(min(amount, desk.count()))
        elif not desk.changed_by_hand():
            desk.clock.set(desk.clock() - timedelta(seconds=amount))
        assert list(desk.changed(0, desk.now() + 10)) == brute_force_order(desk)
        updates = list(desk.updates(0, desk.now()))
        assert len(updates) == len(set(updates))
        assert set(updates) == {
            (e.at, t.number, e.update) for t in desk.tickets() for e in t.events if e.kind != "touched"
        }


def test_two_hundred_thousand_tickets_start_quickly_and_in_little_memory() -> None:
    script = (
        "import re, time; from pathlib import Path; began = time.process_time()\n"
        "from datetime import UTC, datetime\n"
        "from connectors.sandbox import Desk\n"
        "desk = Desk(tickets=200_000, days=365, now=datetime(2026, 11, 2, tzinfo=UTC))\n"
        "assert sum(1 for _ in desk.changed(0, desk.now())) == 200_000\n"
        # getrusage would tell the peak of the process that this one was forked from.
        "peak = re.search(r'VmHWM:\\s+(\\d+) kB', Path('/proc/self/status').read_text())[1]\n"
        "print(time.process_time() - began, int(peak) / 1024)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    seconds, megabytes = map(float, done.stdout.split())
    assert seconds < 20
    assert megabytes < 200
