"""The principal instants of every ticket, in arrays: what must be known without telling its story.

Rows are indexed by ticket number - 1; an instant is epoch seconds, 0 where it never happens.
The rest of a ticket is told on demand (story.py) from the seed and its number.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from connectors.sandbox.cast import FIRST_CUSTOMER, SCHEDULES, Cast
from connectors.sandbox.hours import open_hours

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

UNSOLVED_REOPENING = 72_000
"""Seconds from a reopening that is never solved to the reply it still gets."""
RESTORED_AFTER = 86_400
"""Seconds from a deletion to the restoration that every fourth deleted ticket sees."""
NOTICED_LATE = 7
"""Every seventh ticket is touched by the system a few seconds after each thing that happens to it."""
HOUR, DAY = 3_600, 86_400
CHANNELS = ("email", "web", "chat", "messaging", "phone", "api", "social")
_CHANNEL_SHARES = (0.44, 0.22, 0.06, 0.14, 0.09, 0.03, 0.02)
_REPLY_MEDIAN_SECONDS = np.array([7_800, 9_600, 70, 150, 400, 14_400, 5_400], float)

NORMAL, BOT_SOLVED, BOT_HANDED, OUTBOUND, SPAM, MERGED, BORN_SOLVED, CLOSED_UNSOLVED, SILENT, LINGERING = (
    range(10)
)
_PLOT_SHARES = ((SPAM, 0.02), (MERGED, 0.02), (BORN_SOLVED, 0.01), (CLOSED_UNSOLVED, 0.01), (SILENT, 0.02))

(
    CREATED,
    REPLY,
    SOLVE1,
    SOLVE2,
    SOLVE3,
    REOPEN1,
    REOPEN2,
    CLOSED,
    OFFERED,
    RATED,
    RERATED,
    DELETED,
    SCRUBBED,
    FINAL,
) = range(14)

_DAY_PROFILE = np.array(
    [1, 1, 1, 1, 1, 2, 4, 8, 15, 20, 21, 19, 16, 17, 18, 17, 15, 12, 9, 7, 6, 4, 3, 2], float
)
_WEEK_PROFILE = np.array([1.25, 1.1, 1.0, 1.0, 0.95, 0.4, 0.3])


def noticed_after(number: Any) -> Any:
    """Seconds until the system's own touch."""
    return 2 + number % 4


class Bones(NamedTuple):
    """One ticket's principal instants (epoch seconds, 0 = never)."""

    created: int
    reply: int
    solve1: int
    solve2: int
    solve3: int
    reopen1: int
    reopen2: int
    closed: int
    offered: int
    rated: int
    rerated: int
    deleted: int
    scrubbed: int
    final: int


@dataclass(slots=True)
class Skeleton:
    """Per ticket: when what happens; region, channel, plot and burst say which story it is."""

    times: npt.NDArray[np.int32]
    """One row a ticket, columns as in Bones."""
    kinds: npt.NDArray[np.int16]
    """One row a ticket: region, channel, plot, burst."""
    merged_into: dict[int, int] = field(default_factory=dict)
    merges: dict[int, list[int]] = field(default_factory=dict)
    followup_of: dict[int, int] = field(default_factory=dict)
    followups: dict[int, list[int]] = field(default_factory=dict)
    problems: dict[int, int] = field(default_factory=dict)
    """Burst → number of its problem ticket."""


class History:
    """A made-up support team's tickets from `now - days` on, and some that are still to come.

    `tickets` of them are created before `now`; traffic goes on at the same rate for `ahead_days`.
    """

    def __init__(
        self, *, seed: int, tickets: int, days: float, now: datetime, ahead_days: float = 14
    ) -> None:
        self.seed = seed
        self.now = int(now.timestamp())
        self.start = int(self.now - days * DAY)
        self.until = int(self.now + ahead_days * DAY)
        self.tickets = tickets
        self.cast = Cast(tickets=tickets, tickets_a_day=tickets / max(days, 0.1), start=self.start)
        self.first_year = datetime.fromtimestamp(self.start, UTC).year - 1
        self.last_year = datetime.fromtimestamp(self.until, UTC).year + 1
        self.hours = {s.key: open_hours(s.key, self.first_year, self.last_year) for s in SCHEDULES}
        self._random = np.random.Generator(np.random.Philox(key=seed))
        self._opening = tuple(self._openings(region) for region in (0, 1))
        self.skeleton = self._draw()
        self.size = len(self.skeleton.times)

    def bones(self, number: int) -> Bones:
        return Bones(*self.skeleton.times[number - 1].tolist())

    def requester(self, number: int) -> int:
        """Key of the customer: heavy writers first; follow-ups and merged tickets share the original's."""
        while original := self.skeleton.followup_of.get(number) or self.skeleton.merged_into.get(number):
            number = original
        draw = (number * 0x9E3779B97F4A7C15 ^ self.seed * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFF
        share = draw / 0xFFFFFFFFFFFF
        return FIRST_CUSTOMER + int(self.cast.customers * share**1.6)

    # -- traffic ------------------------------------------------------------------------------

    def _openings(self, region: int) -> tuple[Ints, Ints]:
        hours = self.hours[region + 1]
        return np.array(hours.starts, np.int64), np.array(hours.ends, np.int64)

    def _to_work(self, at: Any, region: Ints, draw: Floats) -> Ints:
        """Move instants outside opening hours to soon after the next opening; one in twelve stays."""
        moved = np.asarray(at, np.int64).copy()
        for number in (0, 1):
            starts, ends = self._opening[number]
            index = np.searchsorted(ends, moved, side="right").clip(0, len(starts) - 1)
            closed = (starts[index] > moved) & (region == number) & (draw > 0.08)
            moved[closed] = (starts[index] + (draw * 5_400).astype(np.int64))[closed]
        return moved

    def _intensity(self) -> tuple[Ints, Floats, Floats]:
        """Hour starts, relative traffic, and the share of it that comes from the second region."""
        hours = np.arange(self.start - self.start % HOUR, self.until, HOUR, dtype=np.int64)
        by_region = []
        for schedule, weight in ((SCHEDULES[0], 0.58), (SCHEDULES[1], 0.42)):
            zone = ZoneInfo(schedule.zone)
            local = [datetime.fromtimestamp(int(hour), zone) for hour in hours]
            by_region.append(
                weight
                * _DAY_PROFILE[[at.hour for at in local]]
                * _WEEK_PROFILE[[at.weekday() for at in local]]
            )
        total = by_region[0] + by_region[1]
        age_days = (hours - self.start) / DAY
        season = 1 + 0.18 * np.sin(age_days / 58.0) + 0.0006 * age_days
        return hours, total * season, by_region[1] / total

    def _bursts(self, hours: Ints, traffic: Floats) -> list[tuple[int, int, int]]:
        """Outages: (first hour's index, hours, instant of the solution); traffic is raised in place."""
        bursts = []
        spacing = 17 * 24
        for first in range(int(self._random.random() * spacing / 3) + 9, len(hours) - 12, spacing):
            at = first + int(self._random.random() * 96)
            length = 2 + int(self._random.random() * 4)
            if at + length + 8 >= len(hours):
                break
            traffic[at : at + length] += traffic.mean() * (2.5 + 3 * self._random.random())
            bursts.append((at, length, int(hours[at + length]) + int(self._random.random() * 4 * HOUR)))
        return bursts

    def _arrivals(self, hours: Ints, traffic: Floats) -> Ints:
        summed = np.concatenate([[0.0], np.cumsum(traffic)])
        edges = np.append(hours, hours[-1] + HOUR).astype(float)
        here = np.interp([self.start, self.now - 120, self.now + 1, self.until], edges, summed)
        past = np.sort(self._random.random(self.tickets)) * (here[1] - here[0]) + here[0]
        ahead = int(self.tickets * (here[3] - here[2]) / max(here[1] - here[0], 1e-9))
        coming = np.sort(self._random.random(ahead)) * (here[3] - here[2]) + here[2]
        arrivals: Ints = np.interp(np.concatenate([past, coming]), summed, edges).astype(np.int64)
        return arrivals

    # -- the principal instants ---------------------------------------------------------------

    def _late(self, count: int, median: Any, spread: float) -> Ints:
        """Log-normal seconds: half are below the median, the tail is long."""
        first, second = self._random.random(count), self._random.random(count)
        normal = np.sqrt(-2 * np.log(1 - first)) * np.cos(2 * np.pi * second)
        late: Ints = np.maximum(np.asarray(median) * np.exp(spread * normal), 20).astype(np.int64)
        return late

    def _draw(self) -> Skeleton:
        hours, traffic, far = self._intensity()
        bursts = self._bursts(hours, traffic)
        created = self._arrivals(hours, traffic)
        count = len(created)
        skeleton = Skeleton(np.zeros((count, len(Bones._fields)), np.int32), np.zeros((count, 4), np.int16))
        hour = (created - hours[0]) // HOUR
        region, channel, plot, burst = skeleton.kinds.T
        region[:] = self._random.random(count) < far[hour]
        channel[:] = np.searchsorted(np.cumsum(_CHANNEL_SHARES), self._random.random(count)).clip(
            0, len(CHANNELS) - 1
        )
        plot[:] = self._plots(channel)
        for number, (first, length, _) in enumerate(bursts, 1):
            inside = (hour >= first) & (hour < first + length) & (plot == NORMAL)
            burst[inside & (self._random.random(count) < 0.6)] = number
            if (burst == number).any():
                skeleton.problems[number] = int(np.argmax(burst == number)) + 1
        skeleton.times[:, CREATED] = created
        self._work(skeleton, bursts)
        self._surveys(skeleton)
        self._deletions(skeleton)
        self._link(skeleton)
        self._finish(skeleton)
        return skeleton

    def _plots(self, channel: Any) -> Ints:
        count = len(channel)
        dice = self._random.random(count)
        plot = np.full(count, NORMAL, np.int64)
        edge = 0.0
        for name, share in _PLOT_SHARES:
            plot[(dice >= edge) & (dice < edge + share)] = name
            edge += share
        plot[(dice >= edge) & (dice < edge + 0.05) & (channel == 0)] = OUTBOUND
        plot[(dice >= 0.985) & (plot == NORMAL)] = LINGERING
        talks = (channel == 3) & (plot == NORMAL)
        plot[talks & (dice < 0.45)] = BOT_SOLVED
        plot[talks & (dice >= 0.45) & (dice < 0.8)] = BOT_HANDED
        return plot

    def _work(self, skeleton: Skeleton, bursts: Sequence[tuple[int, int, int]]) -> None:
        times, (region, channel, plot, burst) = skeleton.times, skeleton.kinds.T
        created, count, draw = times[:, CREATED], len(times), self._random.random
        reply = self._to_work(
            created + self._late(count, _REPLY_MEDIAN_SECONDS[channel], 1.1), region, draw(count)
        )
        first = self._to_work(reply + self._late(count, 5 * HOUR, 1.7), region, draw(count))
        touch = (draw(count) < 0.36) & (plot != BOT_HANDED)
        first[touch] = reply[touch]
        for number, (_, _, end) in enumerate(bursts, 1):
            first[(burst == number) & (reply < end - 600)] = end
        self._odd_ends(skeleton, reply, first)
        times[:, REPLY], times[:, SOLVE1] = reply, first
        again = draw(count)
        back = (again < 0.09) & (first > 0) & np.isin(plot, (NORMAL, BOT_HANDED, LINGERING)) & (burst == 0)
        returned = (plot == BOT_SOLVED) & (again < 0.06)
        times[:, REOPEN1] = np.where(
            back | returned, first + self._late(count, 17 * HOUR, 1.0).clip(300, 94 * HOUR), 0
        )
        second = self._to_work(times[:, REOPEN1] + self._late(count, 6 * HOUR, 1.3), region, draw(count))
        second[(times[:, REOPEN1] == 0) | (back & (again < 0.004))] = 0
        times[:, SOLVE2] = second
        twice = (draw(count) < 0.12) & (second > 0)
        times[:, REOPEN2] = np.where(
            twice, second + self._late(count, 15 * HOUR, 0.9).clip(300, 94 * HOUR), 0
        )
        third = self._to_work(times[:, REOPEN2] + self._late(count, 8 * HOUR, 1.2), region, draw(count))
        times[:, SOLVE3] = np.where(twice, third, 0)
        closed = self._hourly(self._solved(times), 10 * DAY)
        closed[~self._is_solved(times)] = 0
        blunt = plot == CLOSED_UNSOLVED
        closed[blunt] = reply[blunt] + self._late(count, 2 * DAY, 0.8)[blunt]
        times[:, CLOSED] = closed

    def _odd_ends(self, skeleton: Skeleton, reply: Ints, first: Ints) -> None:
        """Stories without a human reply, without a solve, or with both somewhere else."""
        (region, _, plot, _), created = skeleton.kinds.T, skeleton.times[:, CREATED]
        count, draw = len(plot), self._random.random
        bot, born, quiet, merged = (plot == kind for kind in (BOT_SOLVED, BORN_SOLVED, SILENT, MERGED))
        first[bot] = (created + self._late(count, 240, 0.7))[bot]
        first[born] = created[born]
        first[quiet] = self._to_work(created + self._late(count, DAY, 1.0), region, draw(count))[quiet]
        first[merged] = self._to_work(created + self._late(count, 3 * HOUR, 1.0), region, draw(count))[merged]
        linger = plot == LINGERING
        never = (plot == SPAM) | (plot == CLOSED_UNSOLVED) | (linger & (draw(count) < 0.7))
        first[never] = 0
        first[linger & ~never] += (45 * DAY * draw(count)).astype(np.int64)[linger & ~never]
        reply[bot | born | quiet | merged | (plot == SPAM)] = 0

    def _solved(self, times: Any) -> Ints:
        return np.asarray(times[:, SOLVE1 : SOLVE3 + 1].max(axis=1), np.int64)

    def _is_solved(self, times: Any) -> npt.NDArray[np.bool_]:
        solved = self._solved(times)
        return np.asarray((solved > 0) & (solved > times[:, REOPEN1]) & (solved > times[:, REOPEN2]))

    def is_over(self, times: Any) -> npt.NDArray[np.bool_]:
        """Tickets that end solved, closed or deleted."""
        solved = self._is_solved(times)
        over: npt.NDArray[np.bool_] = (
            solved | np.asarray(times[:, CLOSED] > 0) | np.asarray(times[:, DELETED] > 0)
        )
        return over

    def _hourly(self, at: Ints, delay: int) -> Ints:
        """Automations run on the hour and take a minute over it."""
        runs: Ints = (at + delay + HOUR - 1) // HOUR * HOUR + np.arange(len(at)) * 7 % 41
        return runs

    def _surveys(self, skeleton: Skeleton) -> None:
        times, (_, channel, plot, _) = skeleton.times, skeleton.kinds.T
        count, draw = len(times), self._random.random
        offered = self._hourly(self._solved(times), 24 * HOUR)
        wanted = np.isin(plot, (NORMAL, BOT_HANDED, LINGERING)) & (draw(count) < 0.8) & (channel != 5)
        offered[~wanted | ~self._is_solved(times)] = 0
        answers = (draw(count) < 0.34) & (offered > 0)
        rated = np.where(answers, offered + self._late(count, 8 * HOUR, 1.7).clip(60, 21 * DAY), 0)
        regrets = (draw(count) < 0.07) & answers
        rerated = np.where(regrets, rated + self._late(count, 5 * HOUR, 1.4).clip(60, 6 * DAY), 0)
        times[:, OFFERED], times[:, RATED], times[:, RERATED] = offered, rated, rerated

    def _deletions(self, skeleton: Skeleton) -> None:
        times, plot = skeleton.times, skeleton.kinds[:, 2]
        count, draw, solved = len(times), self._random.random, self._solved(times)
        deleted = np.where(plot == SPAM, times[:, CREATED] + self._late(count, 2 * HOUR, 1.2), 0)
        later = (draw(count) < 0.006) & (plot == NORMAL) & self._is_solved(times)
        deleted[later] = (solved + (5 * DAY + 20 * DAY * draw(count)).astype(np.int64))[later]
        times[:, DELETED] = deleted
        times[:, SCRUBBED] = np.where((deleted > 0) & (draw(count) < 0.5), deleted + 30 * DAY, 0)

    def _link(self, skeleton: Skeleton) -> None:
        """Choose what merged tickets were merged into and what follow-ups follow."""
        plot = skeleton.kinds[:, 2]
        created, closed, solve = (skeleton.times[:, column] for column in (CREATED, CLOSED, SOLVE1))
        loners = (plot == NORMAL) & (skeleton.times[:, DELETED] == 0)
        for index in np.flatnonzero(plot == MERGED).tolist():
            target = next(
                (
                    other
                    for other in range(index - 1, max(index - 40, -1), -1)
                    if loners[other] and (closed[other] == 0 or closed[other] > solve[index] + HOUR)
                ),
                None,
            )
            if target is None:
                plot[index] = SILENT
                continue
            skeleton.merged_into[index + 1] = target + 1
            skeleton.merges.setdefault(target + 1, []).append(index + 1)
            closed[index] = solve[index]
        picks = np.flatnonzero(loners & (self._random.random(len(created)) < 0.02)).tolist()
        for index in picks:
            number = int(np.searchsorted(created, created[index] - 14 * DAY)) - 1 - index % 7
            if number < 0 or not loners[number] or not 0 < closed[number] < created[index]:
                continue
            skeleton.followup_of[index + 1] = number + 1
            skeleton.followups.setdefault(number + 1, []).append(index + 1)

    def _finish(self, skeleton: Skeleton) -> None:
        """What was deleted has no later life; the last of all instants closes the story."""
        times = skeleton.times
        deleted = times[:, DELETED]
        for column in range(REPLY, RERATED + 1):
            times[(deleted > 0) & (times[:, column] >= deleted), column] = 0
        times[times[:, OFFERED] == 0, RATED] = 0
        times[times[:, RATED] == 0, RERATED] = 0
        times[:, FINAL] = times[:, :FINAL].max(axis=1)
        for reopened, solved in ((REOPEN1, SOLVE2), (REOPEN2, SOLVE3)):
            waiting = (times[:, reopened] > 0) & (times[:, solved] == 0)
            times[waiting, FINAL] = np.maximum(times[:, FINAL], times[:, reopened] + UNSOLVED_REOPENING)[
                waiting
            ]
        back = (deleted > 0) & (times[:, SCRUBBED] == 0) & (np.arange(1, len(times) + 1) % 4 == 0)
        times[back, FINAL] = np.maximum(times[:, FINAL], deleted + RESTORED_AFTER)[back]
        numbers = np.arange(1, len(times) + 1)
        times[:, FINAL] += np.where(numbers % NOTICED_LATE == 0, noticed_after(numbers), 0)
        for target, losers in skeleton.merges.items():
            instants = (int(times[loser - 1, SOLVE1]) for loser in losers)
            latest = max(instants) + (noticed_after(target) if target % NOTICED_LATE == 0 else 0)
            times[target - 1, FINAL] = max(int(times[target - 1, FINAL]), latest)
