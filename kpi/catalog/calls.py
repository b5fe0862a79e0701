"""What was said by telephone, and what was never said because nobody answered."""

from kpi.catalog.populations import availability_by
from kpi.metric import APPROXIMATED, CALL_ENDED, CALLED, EXACT, UNAVAILABLE, Metric, Shape, Term

_TALK = availability_by(EXACT, UNAVAILABLE, APPROXIMATED, EXACT)
_QUEUE = availability_by(EXACT, UNAVAILABLE, UNAVAILABLE, EXACT)
_HANDLED = "is_handled = 1"
_IS_FOLLOWED = "(wait_seconds IS NOT NULL OR step = 'ivr')"
"""Whether it is known how far a call came; without, an answered call would only seem never to be given up."""

_HANDLE_SECONDS = Metric(
    id="handle_seconds",
    title="Seconds of handling",
    unit="s",
    direction="neutral",
    anchor=CALL_ENDED,
    shape=Shape.COUNT,
    definition="Talk, hold and wrap-up of the calls that belong to a ticket.",
    formula="Σ (talk + hold + wrap-up)",
    where=f"{_HANDLED} AND ticket_id IS NOT NULL AND handle_seconds IS NOT NULL",
    value="handle_seconds",
    availability=_TALK,
)
_ISSUES = Metric(
    id="issues_with_calls",
    title="Tickets with calls",
    unit="tickets",
    direction="neutral",
    anchor=CALL_ENDED,
    shape=Shape.DISTINCT,
    definition="Tickets with an answered call.",
    formula="number of different tickets",
    where=f"{_HANDLED} AND handle_seconds IS NOT NULL",
    value="ticket_id",
    availability=_TALK,
)
_GIVEN_UP = Metric(
    id="calls_given_up",
    title="Calls given up",
    unit="calls",
    direction="lower",
    anchor=CALLED,
    shape=Shape.COUNT,
    definition="Inbound calls that the customer ended before somebody helped, by the step at which that was.",
    formula="number of calls",
    where=f"is_inbound = 1 AND step IS NOT NULL AND {_IS_FOLLOWED}",
    availability=_QUEUE,
)
_INBOUND = Metric(
    id="inbound_calls",
    title="Inbound calls",
    unit="calls",
    direction="neutral",
    anchor=CALLED,
    shape=Shape.COUNT,
    definition="Calls that customers made, where their wait is told or they ended in the menu.",
    formula="number of calls",
    where=f"is_inbound = 1 AND {_IS_FOLLOWED}",
    availability=_QUEUE,
)

CALLS: tuple[Metric, ...] = (
    Metric(
        id="average_handle_time",
        title="Handle time of a call",
        unit="s",
        direction="neutral",
        anchor=CALL_ENDED,
        shape=Shape.DISTRIBUTION,
        definition="Talk, hold and wrap-up of an answered call, on the day it ended, credited to whoever took it (of several, whoever talked longest). Waiting in the queue and the menu before it do not count. HubSpot knows the duration only.",
        formula="Σ (talk + hold + wrap-up) ÷ answered calls",
        where=_HANDLED,
        value="handle_seconds",
        availability=_TALK,
    ),
    Metric(
        id="talk_plus_hold",
        title="Talk and hold time of a call",
        unit="s",
        direction="neutral",
        anchor=CALL_ENDED,
        shape=Shape.DISTRIBUTION,
        definition="The same without wrap-up: how long a customer was on the line with somebody.",
        formula="Σ (talk + hold) ÷ answered calls",
        where=_HANDLED,
        value="talk_hold_seconds",
        availability=_TALK,
    ),
    Metric(
        id="handle_time_per_issue",
        title="Handle time of an issue",
        unit="s",
        direction="neutral",
        anchor=CALL_ENDED,
        shape=Shape.COMPOSED,
        definition="Talk, hold and wrap-up of all answered calls of a period that belong to a ticket, for each different ticket among them: a customer who called several times is one issue.",
        formula="Σ (talk + hold + wrap-up) ÷ different tickets",
        terms=(Term(_HANDLE_SECONDS), Term(_ISSUES, below=True)),
        availability=_TALK,
    ),
    Metric(
        id="abandonment_rate",
        title="Abandoned calls",
        unit="%",
        direction="lower",
        anchor=CALLED,
        shape=Shape.RATIO,
        definition="Share of offered inbound calls that the customer gave up in the queue, by the day of the call. Offered is who came into the queue, whether answered, missed or sent on to the voicemail, but for those who hung up there within 5 seconds (`[windows] short_abandon` in kpi.toml). Who hangs up in the menu never came there; who hangs up on hold had been answered. Calls whose wait is not told are left out.",
        formula="100 × abandoned in the queue ÷ offered",
        where="is_offered = 1",
        value="is_abandoned",
        scale=100,
        availability=_QUEUE,
        has_interval=True,
    ),
    Metric(
        id="abandonment_by_step",
        title="Calls given up, by step",
        unit="%",
        direction="lower",
        anchor=CALLED,
        shape=Shape.COMPOSED,
        definition="Share of all inbound calls that the customer gave up, at whichever step: in the menu (`ivr`), in the queue, however soon (`queue`), at the voicemail (`voicemail`) or on hold (`on_hold`); the dimension `step` tells them apart. Calls whose wait is not told are left out, but for those that ended in the menu.",
        formula="100 × given up at the step ÷ inbound calls",
        terms=(Term(_GIVEN_UP), Term(_INBOUND, below=True, whole=True)),
        scale=100,
        availability=_QUEUE,
        has_interval=True,
    ),
    Metric(
        id="average_speed_of_answer",
        title="Wait until a call is answered",
        unit="s",
        direction="lower",
        anchor=CALLED,
        shape=Shape.DISTRIBUTION,
        definition="How long the customers of answered inbound calls waited in the queue, by the day of the call.",
        formula="Σ wait ÷ answered inbound calls",
        where="is_inbound = 1 AND is_handled = 1",
        value="wait_seconds",
        availability=_QUEUE,
    ),
)
