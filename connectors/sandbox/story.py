"""One ticket told in full: every event of its life, from its principal instants and its own dice.

The story is the ground truth that KPIs are checked against, and what the dialects render. It names no
vendor's words: statuses are new, open, pending, on_hold, solved, closed; people are keys (cast.py).
"""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from connectors.sandbox.cast import BOT, BRANDS, CATEGORIES, ESCALATIONS, GROUPS
from connectors.sandbox.history import (
    BORN_SOLVED,
    BOT_HANDED,
    BOT_SOLVED,
    CHANNELS,
    CLOSED_UNSOLVED,
    LINGERING,
    MERGED,
    NORMAL,
    NOTICED_LATE,
    OUTBOUND,
    RESTORED_AFTER,
    SILENT,
    SPAM,
    UNSOLVED_REOPENING,
    Bones,
    History,
    noticed_after,
)

PLOTS = {
    NORMAL: "normal",
    BOT_SOLVED: "bot_solved",
    BOT_HANDED: "bot_handed",
    OUTBOUND: "outbound",
    SPAM: "spam",
    MERGED: "merged",
    BORN_SOLVED: "born_solved",
    CLOSED_UNSOLVED: "closed_unsolved",
    SILENT: "silent",
    LINGERING: "lingering",
}
SYSTEM = 0
UNSOLVED = frozenset({"new", "open", "pending", "on_hold"})
_SINGLE = frozenset({"status", "agent", "group", "priority", "type", "category", "schedule"})


class Event(NamedTuple):
    """Something that happened to a ticket at one second.

    `kind`: created, message, status, agent, group, priority, type, category, schedule, tag_added,
    survey_offered, survey_answered, bot_handoff, bot_resolved, merged_into, absorbed, deleted, restored,
    scrubbed, touched. Events of one `update` happened in one act of one actor. People, groups and
    schedules are keys; an answered survey's value is `score|comment` on the scale 1-5.
    """

    at: int
    kind: str
    actor: int
    role: str
    value: str | None = None
    previous: str | None = None
    public: bool = False
    update: int = 0


class Act(NamedTuple):
    """What one actor does in one go, before it is known what that changes."""

    at: int
    actor: int
    role: str
    items: tuple[tuple[str, str | None], ...]


class Plot(NamedTuple):
    """What never changes about a ticket."""

    number: int
    name: str
    channel: str
    region: int
    burst: int
    requester: int
    organisation: int | None
    brand: int
    group: int
    form: int
    subject: str
    outbound_by: int


_SUBJECTS = {
    "billing": ("Invoice {0} is wrong", "Charged twice for order {0}", "Where is my refund? ({0})"),
    "shipping": ("Parcel {0} has not arrived", "Change of address for order {0}"),
    "returns": ("Returning order {0}", "Wrong size in order {0}"),
    "login": ("Cannot sign in", "Password mail never arrives 😕"),
    "bug": ("Page {0} shows an error", "App crashes – «{0}»"),
    "how_to": ("How do I export {0} rows?", "¿Cómo cambio mi plan? ({0})"),
    "complaint": ("Very disappointed with order {0}", "Complaint about a colleague of yours"),
    "outage": ("Nothing works since this morning", "Service down?"),
}
_TALK = ("public", "private")


def plot_of(history: History, number: int, dice: Random) -> tuple[Plot, str, str | None]:
    """The fixed part of a ticket, with its first category and priority."""
    region, channel, plot, burst = history.skeleton.kinds[number - 1].tolist()
    requester = history.requester(number)
    category = "outage" if burst else CATEGORIES[int(dice.random() ** 1.4 * 7)]
    priority = (None, "low", "normal", "normal", "normal", "high", "urgent")[int(dice.random() * 7)]
    group = 1 + region
    if category == "billing":
        group = 3
    elif category in {"bug", "outage"} and dice.random() < 0.6:
        group = 4
    subjects = _SUBJECTS[category]
    outbound = 0
    if plot == OUTBOUND:
        outbound = history.cast.on_duty(group, dice.random(), int(history.skeleton.times[number - 1, 0])).key
    told = Plot(
        number=number,
        name=PLOTS[plot],
        channel=CHANNELS[channel],
        region=region,
        burst=burst,
        requester=requester,
        organisation=history.cast.organisation_of(requester),
        brand=1 if dice.random() < 0.72 else len(BRANDS) - 1,
        group=group,
        form=1 if category != "complaint" else 2,
        subject=subjects[number % len(subjects)].format(number % 9973),
        outbound_by=outbound,
    )
    return told, category, priority


class Teller:
    """Tells one ticket; a new one for each."""

    def __init__(self, history: History, number: int, dice: Random) -> None:
        self.history = history
        self.cast = history.cast
        self.bones: Bones = history.bones(number)
        dice.seed(history.seed << 40 ^ number)
        self.draw = dice.random
        self.plot, self.category, self.priority = plot_of(history, number, dice)
        self.acts: list[Act] = []
        self.group = self.plot.group
        self.agent = self.cast.on_duty(self.group, self.draw(), self.bones.created).key

    def act(self, at: int, actor: int, role: str, *items: tuple[str, str | None]) -> None:
        self.acts.append(Act(at, actor, role, items))

    # -- the beginning ------------------------------------------------------------------------

    def opening(self) -> None:
        plot, at = self.plot, self.bones.created
        author, role = (plot.outbound_by, "agent") if plot.outbound_by else (plot.requester, "end_user")
        items: list[tuple[str, str | None]] = [("created", None), ("message", "public")]
        begins = "pending" if plot.outbound_by else "new"
        items.append(("status", "solved" if plot.name == "born_solved" else begins))
        items.append(("brand", str(plot.brand)))
        if self.priority and self.draw() < 0.5:
            items.append(("priority", self.priority))
        items += [("group", str(self.group)), ("schedule", str(GROUPS[self.group - 1].schedule))]
        items += [("tag_added", plot.channel), ("category", self.category)]
        if plot.burst:
            items.append(
                (
                    "type",
                    "problem" if self.history.skeleton.problems[plot.burst] == plot.number else "incident",
                )
            )
        elif self.draw() < 0.7:
            items.append(("type", "question" if self.category == "how_to" else "task"))
        if plot.outbound_by:
            items.append(("agent", str(plot.outbound_by)))
            self.agent = plot.outbound_by
        self.act(at, author, role, *items)

    def triage(self, until: int) -> None:
        """Between arrival and first reply: a priority, an owner, sometimes another team."""
        start, gap = self.bones.created, until - self.bones.created
        if gap < 40 or self.plot.outbound_by:
            return
        at = start + 5 + int(self.draw() * min(gap * 0.5, 1_800))
        if self.draw() < 0.45:
            self.act(at, SYSTEM, "system", ("agent", str(self.agent)))
        if self.priority:
            self.act(at, SYSTEM, "system", ("priority", self.priority))
        if self.draw() < 0.12:
            self.category = CATEGORIES[int(self.draw() * 7)]
            self.act(at + 2, self.agent, "agent", ("category", self.category))
        if self.draw() < 0.1:
            self.transfer(at + int((until - at) * 0.6), 0.5)

    def transfer(self, at: int, change_group: float) -> None:
        """Hand over: another agent, with that likelihood of another group too."""
        giver = self.agent
        items: list[tuple[str, str | None]] = []
        if self.draw() < change_group:
            choices = [group.key for group in GROUPS if group.key != self.group and not group.is_deleted]
            self.group = ESCALATIONS if self.draw() < 0.3 else choices[int(self.draw() * len(choices))]
            items.append(("group", str(self.group)))
            items.append(("schedule", str(GROUPS[self.group - 1].schedule)))
            if self.group == ESCALATIONS:
                items.append(("tag_added", "escalated"))
        self.agent = self.cast.on_duty(self.group, self.draw(), at).key
        items.append(("agent", str(self.agent)))
        if self.draw() < 0.6:
            items.append(("message", "private"))
        self.act(at, giver, "agent", *items)

    # -- the conversation ---------------------------------------------------------------------

    def reply(self, at: int, status: str | None, *more: tuple[str, str | None]) -> None:
        items: list[tuple[str, str | None]] = [("agent", str(self.agent)), ("message", "public"), *more]
        if status:
            items.append(("status", status))
        self.act(at, self.agent, "agent", *items)

    def conversation(self, start: int, end: int) -> None:
        """What happens between two replies of ours, strictly inside."""
        rounds = int(self.draw() ** 2 * 4.6)
        span = end - start
        if span < 600:
            return
        edges = sorted(start + 60 + int(self.draw() * (span - 120)) for _ in range(rounds * 2))
        for number in range(rounds):
            asked, answered = edges[2 * number], edges[2 * number + 1]
            self.act(asked, self.plot.requester, "end_user", ("message", "public"), ("status", "open"))
            if self.draw() < 0.2:
                self.act(asked + 7, self.plot.requester, "end_user", ("message", "public"))
            if answered - asked > 60:
                self.interlude(asked, answered)
            self.reply(answered, ("pending", "pending", "on_hold", "open")[int(self.draw() * 4)])

    def interlude(self, start: int, end: int) -> None:
        dice, at = self.draw(), start + int((end - start) * 0.6)
        if dice < 0.1:
            self.transfer(at, 0.55)
        elif dice < 0.2:
            self.act(at, self.agent, "agent", ("message", "private"), ("status", "on_hold"))
        elif dice < 0.27 and self.cast.light:
            expert = self.cast.light[int(self.draw() * len(self.cast.light))].key
            self.act(at, expert, "agent", ("message", "private"))
        elif dice < 0.3:
            self.act(at, self.agent, "agent", ("priority", "urgent"))

    def first_reply(self) -> None:
        bones = self.bones
        if not bones.reply:
            return
        self.triage(bones.reply)
        if self.plot.name == "bot_handed":
            at = bones.created + 30 + int(min(self.draw() * 120, max(bones.reply - bones.created - 40, 1)))
            self.act(bones.created + 5, BOT, "bot", ("message", "public"), ("tag_added", "ai_agent"))
            self.act(
                at, BOT, "bot", ("bot_handoff", None), ("tag_added", "ai_agent_handoff"), ("status", "open")
            )
        if bones.solve1 == bones.reply:
            self.reply(bones.reply, "solved")
            return
        if self.plot.channel == "phone" and self.draw() < 0.5:
            self.act(
                bones.reply,
                self.agent,
                "agent",
                ("agent", str(self.agent)),
                ("message", "private"),
                ("status", "open"),
            )
            return
        waits = "on_hold" if self.plot.name == "lingering" else "open"
        self.reply(bones.reply, "pending" if self.draw() < 0.6 else waits)

    def solve(self, at: int, since: int) -> None:
        if not at or at == self.bones.reply:
            return
        self.conversation(since, at)
        burst = self.plot.burst
        if burst and self.draw() < 0.8:
            self.act(at, SYSTEM, "system", ("agent", str(self.agent)), ("status", "solved"))
        elif self.draw() < 0.72:
            self.reply(at, "solved")
        else:
            self.act(at, self.agent, "agent", ("agent", str(self.agent)), ("status", "solved"))

    def reopening(self, at: int, until: int) -> None:
        if not at:
            return
        self.act(at, self.plot.requester, "end_user", ("message", "public"), ("status", "open"))
        if until and self.draw() < 0.3:
            self.transfer(at + int((until - at) * 0.3), 0.3)
        elif not until:
            self.reply(at + UNSOLVED_REOPENING, "pending")

    # -- the end ------------------------------------------------------------------------------

    def odd_end(self) -> None:
        bones, name = self.bones, self.plot.name
        if name == "bot_solved":
            self.act(bones.created + 5, BOT, "bot", ("message", "public"), ("tag_added", "ai_agent"))
            self.act(
                bones.solve1, BOT, "bot", ("bot_resolved", None), ("message", "public"), ("status", "solved")
            )
        elif name == "silent":
            self.act(bones.solve1, self.agent, "agent", ("agent", str(self.agent)), ("status", "solved"))
        elif name == "merged" and self.plot.number in self.history.skeleton.merged_into:
            target = str(self.history.skeleton.merged_into[self.plot.number])
            self.act(
                bones.solve1,
                self.agent,
                "agent",
                ("agent", str(self.agent)),
                ("message", "private"),
                ("merged_into", target),
                ("tag_added", "closed_by_merge"),
                ("status", "closed"),
            )

    def survey(self) -> None:
        bones = self.bones
        if bones.offered:
            self.act(bones.offered, SYSTEM, "system", ("survey_offered", None))
        slow = 1 if bones.reply - bones.created > 43_200 else 0
        for at, mood in ((bones.rated, 1.0), (bones.rerated, 0.6)):
            if at:
                low = self.draw() < (0.14 + 0.1 * slow + 0.25 * bool(bones.reopen1)) * mood
                score = 1 + int(self.draw() * 2.6) if low else 4 + int(self.draw() * 1.7)
                comment = "Thank you – that helped." if not low else "It took far too long!"
                said = f"{score}|{comment if self.draw() < 0.3 else ''}"
                self.act(at, self.plot.requester, "end_user", ("survey_answered", said))

    def endings(self) -> None:
        bones = self.bones
        if bones.closed and self.plot.name != "merged":
            self.act(bones.closed, SYSTEM, "system", ("status", "closed"))
        if bones.deleted:
            self.act(
                bones.deleted, self.agent, "agent", ("deleted", "spam" if self.plot.name == "spam" else None)
            )
        if bones.deleted and not bones.scrubbed and self.plot.number % 4 == 0:
            self.act(bones.deleted + RESTORED_AFTER, self.agent, "agent", ("restored", None))
        if bones.scrubbed:
            self.act(bones.scrubbed, SYSTEM, "system", ("scrubbed", None))
        for loser in self.history.skeleton.merges.get(self.plot.number, ()):
            at = int(self.history.skeleton.times[loser - 1, 2])
            self.act(at, self.agent, "agent", ("absorbed", str(loser)), ("message", "private"))

    def tell(self) -> list[Event]:
        bones = self.bones
        self.opening()
        if self.plot.name in {"bot_solved", "silent", "merged"}:
            self.odd_end()
        elif self.plot.name not in {"spam", "born_solved"}:
            self.first_reply()
            self.solve(bones.solve1, bones.reply)
        self.reopening(bones.reopen1, bones.solve2)
        if bones.solve2:
            self.solve(bones.solve2, bones.reopen1)
        self.reopening(bones.reopen2, bones.solve3)
        if bones.solve3:
            self.solve(bones.solve3, bones.reopen2)
        self.survey()
        self.endings()
        if self.plot.number % NOTICED_LATE == 0:
            late = noticed_after(self.plot.number)
            self.acts += [Act(act.at + late, SYSTEM, "system", (("touched", None),)) for act in self.acts]
        self.acts.sort(key=_at)
        return written(self.acts)


def _at(act: Act) -> int:
    return act.at


def written(acts: Sequence[Act], state: dict[str, str | None] | None = None, update: int = 0) -> list[Event]:
    """Acts as events: each knows the value it replaced, and what changes nothing is left out."""
    known: dict[str, str | None] = {} if state is None else state
    events: list[Event] = []
    add = events.append
    for at, actor, role, items in acts:
        for kind, value in items:
            if kind in _SINGLE:
                previous = known.get(kind)
                if previous == value:
                    continue
                known[kind] = value
                add(Event(at, kind, actor, role, value, previous, False, update))
            elif kind == "message":
                add(Event(at, kind, actor, role, None, None, value == "public", update))
            else:
                add(Event(at, kind, actor, role, value, None, False, update))
        update += 1
    return events
