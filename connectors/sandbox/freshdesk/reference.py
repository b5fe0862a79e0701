"""People and things of the account as Freshdesk lists them."""

from typing import Any

from connectors.sandbox.cast import BRANDS, CATEGORIES, GROUPS, SCHEDULES, Agent, Schedule
from connectors.sandbox.desk import Desk
from connectors.sandbox.freshdesk import words
from connectors.sandbox.instants import iso
from connectors.sandbox.people import staff_changed_at
from connectors.sandbox.sla import POLICY, TARGETS_MINUTES, VIP_POLICY, target_of

_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_RAILS_ZONES = {
    "Europe/Berlin": "Berlin",
    "America/New_York": "Eastern Time (US & Canada)",
    "Asia/Kolkata": "Chennai",
    "Europe/London": "London",
    "America/Sao_Paulo": "Brasilia",
}


class Reference:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.cast = desk.cast
        self.born = iso(desk.history.start - 86_400 * 400)

    def _dated(self, **fields: Any) -> dict[str, Any]:
        return {**fields, "created_at": self.born, "updated_at": self.born}

    # -- people -------------------------------------------------------------------------------

    def agents(self) -> list[dict[str, Any]]:
        """Those who still work here; who left or was demoted just disappears."""
        now = self.desk.now()
        here = (agent for agent in self.cast.agents if not agent.left_at or agent.left_at > now)
        return [self.agent(agent) for agent in here if agent.key not in self.desk.demoted]

    def agent(self, agent: Agent, ticket_scope: int = 1) -> dict[str, Any]:
        changed = iso(staff_changed_at(self.desk, agent))
        return {
            "id": words.person(agent.key),
            "available": False,
            "occasional": False,
            "ticket_scope": ticket_scope,
            "type": "collaborator" if agent.is_light else "support_agent",
            "group_ids": [words.GROUP + agent.group],
            "role_ids": [1 if agent.is_admin else 2],
            "last_active_at": None,
            "available_since": None,
            "signature": None,
            "created_at": self.born,
            "updated_at": changed,
            "contact": {
                "active": True,
                "email": agent.email,
                "job_title": None,
                "language": "en",
                "last_login_at": None,
                "mobile": None,
                "name": agent.name,
                "phone": None,
                "time_zone": _RAILS_ZONES[agent.zone],
                "created_at": self.born,
                "updated_at": changed,
            },
        }

    def contact(self, key: int, changed_at: int) -> dict[str, Any]:
        customer = self.cast.customer(key)
        row: dict[str, Any] = {
            "active": key % 5 != 0,
            "address": None,
            "description": None,
            "email": customer.email,
            "id": words.person(key),
            "job_title": None,
            "language": "en",
            "mobile": None,
            "name": customer.name,
            "phone": None,
            "time_zone": _RAILS_ZONES[customer.zone],
            "twitter_id": None,
            "custom_fields": {"segment": ("consumer", "business", "partner")[key % 3]},
            "facebook_id": None,
            "created_at": self.born,
            "updated_at": iso(changed_at),
            "csat_rating": None,
            "preferred_source": None,
            "company_id": words.COMPANY + customer.organisation if customer.organisation else None,
            "unique_external_id": None if key % 4 else f"ext-{key}",
        }
        return row | {"other_companies": []} if customer.organisation else row

    def company(self, key: int, changed_at: int) -> dict[str, Any]:
        organisation = self.cast.organisation(key)
        return {
            "id": words.COMPANY + key,
            "name": organisation.name,
            "description": None,
            "note": None,
            "domains": [],
            "created_at": self.born,
            "updated_at": iso(changed_at),
            "custom_fields": {},
            "health_score": None,
            "account_tier": "Premium" if organisation.is_vip else None,
            "renewal_date": None,
            "industry": None,
        }

    # -- things -------------------------------------------------------------------------------

    def groups(self) -> list[dict[str, Any]]:
        """Deleted groups are not listed; newer accounts write a number for `auto_ticket_assign`."""
        return [
            self._dated(
                id=words.GROUP + group.key,
                name=group.name,
                description=None,
                escalate_to=None,
                unassigned_for=None,
                business_hour_id=words.HOURS + group.schedule,
                group_type="support_agent_group",
                auto_ticket_assign=group.key % 2,
            )
            for group in GROUPS
            if not group.is_deleted
        ]

    def products(self) -> list[dict[str, Any]]:
        return [
            self._dated(
                id=words.PRODUCT + key,
                name=name,
                description=None,
                primary_email=f"help{key}@desk.example",
                default=key == 1,
            )
            for key, (name, _) in enumerate(BRANDS, 1)
        ]

    def sla_policies(self) -> list[dict[str, Any]]:
        return [
            self._dated(
                id=words.POLICY + policy,
                name=name,
                description=None,
                active=True,
                is_default=policy == POLICY,
                position=policy,
                sla_target={
                    f"priority_{code}": {
                        "respond_within": target_of("reply", policy, priority) * 60,
                        "resolve_within": target_of("requester_wait", policy, priority) * 60,
                        "next_respond_within": target_of("reply", policy, priority) * 60,
                        "business_hours": policy == POLICY,
                        "escalation_enabled": True,
                    }
                    for code, priority in enumerate(TARGETS_MINUTES["reply"], 1)
                },
                applicable_to={},
                escalation={},
            )
            for policy, name in ((VIP_POLICY, "VIP customers"), (POLICY, "Everybody"))
        ]

    def business_hours(self) -> list[dict[str, Any]]:
        return [
            self._dated(
                id=words.HOURS + schedule.key,
                name=schedule.name,
                description=None,
                is_default=schedule.key == 1,
                time_zone=schedule.rails_zone,
                business_hours=_weekly(schedule),
            )
            for schedule in SCHEDULES
        ]

    def surveys(self) -> list[dict[str, Any]]:
        question = f"question_{words.QUESTION}"
        return [
            self._dated(
                id=words.SURVEY,
                title="How did we do?",
                active=True,
                questions=[
                    {
                        "id": "default_question",
                        "label": "How satisfied are you?",
                        "accepted_ratings": words.ACCEPTED_RATINGS,
                        "default": True,
                    },
                    {"id": question, "label": "Was it quick?", "accepted_ratings": [103, 100, -103]},
                ],
            )
        ]

    def ticket_fields(self) -> list[dict[str, Any]]:
        """Choices come in three shapes: a list, label to number, number to labels."""
        groups = {group.name: words.GROUP + group.key for group in GROUPS if not group.is_deleted}
        agents = {agent.name: words.person(agent.key) for agent in self.cast.agents}
        plain: list[tuple[str, str, Any]] = [
            ("requester", "default_requester", None),
            ("subject", "default_subject", None),
            ("ticket_type", "default_ticket_type", [*words.TYPES.values(), "Refund"]),
            ("source", "default_source", words.SOURCE_CHOICES),
            ("status", "default_status", words.STATUS_CHOICES),
            ("priority", "default_priority", {"Low": 1, "Medium": 2, "High": 3, "Urgent": 4}),
            ("group", "default_group", groups),
            ("agent", "default_agent", agents),
            ("cf_category", "custom_dropdown", list(CATEGORIES)),
            ("cf_order_number", "custom_text", None),
            ("cf_vip", "custom_checkbox", None),
        ]
        rows = []
        for position, (name, kind, choices) in enumerate(plain, 1):
            row = self._dated(
                id=words.FIELD + position,
                name=name,
                label=name.removeprefix("cf_").replace("_", " ").capitalize(),
                description=None,
                position=position,
                type=kind,
                default=kind.startswith("default"),
                customers_can_edit=False,
                required_for_closure=False,
                required_for_agents=False,
                displayed_to_customers=True,
                required_for_customers=False,
            )
            rows.append(row if choices is None else {**row, "choices": choices})
        return rows


def _weekly(schedule: Schedule) -> dict[str, dict[str, str]]:
    """A day that is not named is closed; the end of a day is written as its last minute."""
    return {
        _WEEKDAYS[start // 1_440]: {"start_time": _clock(start % 1_440), "end_time": _clock_end(end)}
        for start, end in schedule.weekly
    }


def _clock(minutes: int) -> str:
    hour, minute = divmod(minutes, 60)
    return f"{(hour + 11) % 12 + 1}:{minute:02} {'am' if hour < 12 else 'pm'}"


def _clock_end(minutes: int) -> str:
    return "11:59 pm" if minutes % 1_440 == 0 else _clock(minutes % 1_440)
