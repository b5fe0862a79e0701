"""Telephone calls of the made-up helpdesk, derived from the tickets they belong to.

Three families: a call that opened a ticket; one that was given up shortly before somebody called again;
one that an agent made. A call is known when it ends, and once more when its figures are final.
"""

from collections.abc import Iterator
from functools import cached_property
from random import Random
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from connectors.sandbox.desk import Desk
from connectors.sandbox.history import CHANNELS, CREATED, REPLY, SPAM

OPENING, GIVEN_UP, OUTBOUND_CALL = 0, 1, 2


class Leg(NamedTuple):
    """One line of a call: the customer's or an agent's."""

    kind: str
    agent: int
    at: int
    talk: int
    hold: int
    wrap: int
    outcome: str
    transferred_to: int = 0
    transferred_from: int = 0


class Call(NamedTuple):
    """`outcome`: answered, voicemail, failed, abandoned_in_{queue,ivr,voicemail,on_hold}. Times in seconds."""

    key: int
    at: int
    ended_at: int
    final_at: int
    ticket: int
    agent: int
    group: int
    customer: int
    direction: str
    outcome: str
    ivr: int
    wait: int
    answer: int | None
    talk: int
    hold: int
    wrap: int
    is_outside_hours: bool
    legs: tuple[Leg, ...]

    @property
    def duration(self) -> int:
        return self.ended_at - self.at


class Calls:
    """The calls of one desk; `changed` lists them by last change."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._dice = Random()

    @cached_property
    def _order(self) -> npt.NDArray[np.int64]:
        """Packed (instant, ticket number, family, phase), phase 1 being the final figures."""
        skeleton = self.desk.history.skeleton
        numbers = np.arange(1, self.desk.history.size + 1, dtype=np.int64)
        phone = (skeleton.kinds[:, 1] == CHANNELS.index("phone")) & (skeleton.kinds[:, 2] != SPAM)
        chosen = (
            (OPENING, phone),
            (GIVEN_UP, phone & (numbers % 4 == 1)),
            (OUTBOUND_CALL, (numbers % 23 == 0) & (skeleton.times[:, REPLY] > skeleton.times[:, CREATED])),
        )
        packed: list[int] = []
        for family, mask in chosen:
            for number in numbers[mask].tolist():
                call = self.call(number, family)
                packed.append(call.ended_at << 27 | number << 3 | family << 1)
                packed.append(call.final_at << 27 | number << 3 | family << 1 | 1)
        return np.array(sorted(packed), np.int64)

    def changed(self, since: int, until: int) -> Iterator[tuple[int, Call, bool]]:
        """(last change, call, whether its figures are final) of calls that exist, in order of last change."""
        now = self.desk.now()
        keys = self._order
        for position in range(int(np.searchsorted(keys, since << 27)), len(keys), 256):
            for key in keys[position : position + 256].tolist():
                at = key >> 27
                if at > min(until, now):
                    return
                call = self.call(key >> 3 & 0xFFFFFF, key >> 1 & 3)
                if key & 1 or call.final_at > now:
                    yield at, call, bool(key & 1)

    def all(self) -> Iterator[Call]:
        """Every call that has ended by now."""
        for _, call, _ in self.changed(0, self.desk.now()):
            yield call

    def call(self, number: int, family: int) -> Call:
        history, dice = self.desk.history, self._dice
        dice.seed(history.seed << 44 ^ number << 3 ^ family ^ 5)
        bones = history.bones(number)
        region = int(history.skeleton.kinds[number - 1, 0])
        group = 1 + region
        start = {
            OPENING: bones.created - 45,
            GIVEN_UP: bones.created - 200 - int(dice.random() * 400),
            OUTBOUND_CALL: bones.reply + 60,
        }[family]
        outside = not history.hours[region + 1].between(start, start + 1)
        outcome = self._outcome(family, outside, number, dice.random())
        answered = outcome in {"answered", "abandoned_on_hold"}
        ivr = 0 if family == OUTBOUND_CALL else 8 + int(dice.random() * 30)
        queued = outcome != "abandoned_in_ivr" and family != OUTBOUND_CALL
        wait = int(3 + dice.random() ** 3 * 420) if queued else 0
        talk = 40 + int(dice.random() ** 2 * 900) if answered else 25 * (outcome == "voicemail")
        hold = int(dice.random() * 120) if answered and (dice.random() < 0.3 or "hold" in outcome) else 0
        agent = history.cast.on_duty(group, dice.random(), start).key if answered else 0
        ended = start + ivr + wait + talk + hold
        wrap = int(dice.random() * 150) if answered else 0
        return Call(
            key=number * 4 + family,
            at=start,
            ended_at=ended,
            final_at=ended + 2_400 + int(dice.random() * 8_400),
            ticket=0 if family == GIVEN_UP else number,
            agent=agent,
            group=group,
            customer=history.requester(number),
            direction="outbound" if family == OUTBOUND_CALL else "inbound",
            outcome=outcome,
            ivr=ivr,
            wait=wait,
            answer=wait + 2 if answered and family != OUTBOUND_CALL else None,
            talk=talk,
            hold=hold,
            wrap=wrap,
            is_outside_hours=outside,
            legs=self._legs(start, ivr + wait, talk, hold, wrap, agent, group),
        )

    def _outcome(self, family: int, outside: bool, number: int, draw: float) -> str:
        if family == GIVEN_UP:
            steps = ("abandoned_in_queue", "abandoned_in_queue", "abandoned_in_ivr", "abandoned_in_voicemail")
            return steps[int(draw * 4)]
        if family == OUTBOUND_CALL:
            return "failed" if draw < 0.08 else "answered"
        if outside or number % 5 == 0:
            return "voicemail"
        return "abandoned_on_hold" if draw < 0.03 else "answered"

    def _legs(
        self, start: int, waited: int, talk: int, hold: int, wrap: int, agent: int, group: int
    ) -> tuple[Leg, ...]:
        """The customer's leg; the legs of agents who missed it, took it, and took it over."""
        legs = [Leg("customer", 0, start, talk, hold, 0, "completed")]
        if not agent:
            return tuple(legs)
        at = start + waited
        if self._dice.random() < 0.15:
            busy = self.desk.cast.on_duty(group, self._dice.random(), start).key
            legs.append(Leg("agent", busy, at - 2, 0, 0, 0, "agent_missed"))
        if self._dice.random() < 0.08 and talk > 120:
            other = self.desk.cast.on_duty(group, self._dice.random(), start).key
            half = talk // 2
            legs.append(Leg("agent", agent, at, half, hold, 0, "completed", transferred_to=other))
            legs.append(
                Leg("agent", other, at + half, talk - half, 0, wrap, "completed", transferred_from=agent)
            )
        else:
            legs.append(Leg("agent", agent, at, talk, hold, wrap, "completed"))
        return tuple(legs)
