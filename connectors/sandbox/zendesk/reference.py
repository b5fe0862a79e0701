"""People and things of the account as Zendesk lists them."""

from typing import Any

from connectors.sandbox.cast import BRANDS, GROUPS, SCHEDULES, Agent, Cast
from connectors.sandbox.desk import Desk
from connectors.sandbox.instants import iso
from connectors.sandbox.people import staff_changed_at
from connectors.sandbox.zendesk import ids
from connectors.sandbox.zendesk.tickets import (
    CATEGORY_FIELD,
    CATEGORY_OPTIONS,
    LANGUAGE_FIELD,
    ORDER_FIELD,
    VIP_FIELD,
)

LIGHT_ROLE, CUSTOM_ROLE = ids.ROLE + 1, ids.ROLE + 2
_CUSTOM_STATUSES = (
    ("New", "new", True, True),
    ("Open", "open", True, True),
    ("Pending", "pending", True, True),
    ("On-hold", "hold", True, True),
    ("Solved", "solved", True, True),
    ("Waiting for carrier", "hold", False, True),
    ("Waiting for photos", "pending", False, True),
    ("Old waiting room", "pending", False, False),
)
_SLA_TARGETS = {
    "first_reply_time": {"low": 1_440, "normal": 480, "high": 120, "urgent": 30},
    "requester_wait_time": {"low": 5_760, "normal": 2_880, "high": 1_440, "urgent": 480},
}


class Reference:
    """Lists that rarely change."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.cast: Cast = desk.cast
        self.born = iso(desk.history.start - 86_400 * 400)

    def _row(self, base_url: str, kind: str, key: int, **fields: Any) -> dict[str, Any]:
        return {
            "url": f"{base_url}/api/v2/{kind}/{key}.json",
            "id": key,
            **fields,
            "created_at": self.born,
            "updated_at": self.born,
        }

    # -- people -------------------------------------------------------------------------------

    def agent(self, agent: Agent, base_url: str) -> dict[str, Any]:
        gone = bool(agent.left_at and agent.left_at <= self.desk.now())
        role_type = 4 if agent.is_admin else 1 if agent.is_light else 0
        if agent.key in self.desk.demoted:
            return {
                **self._end_user(base_url, agent.key, agent.name, agent.email, agent.zone, None),
                "updated_at": iso(staff_changed_at(self.desk, agent)),
            }
        return {
            **self._user(base_url, agent.key, agent.name, agent.email, agent.zone),
            "updated_at": iso(staff_changed_at(self.desk, agent)),
            "organization_id": None,
            "role": "admin" if agent.is_admin else "agent",
            "role_type": role_type,
            "custom_role_id": LIGHT_ROLE if agent.is_light else CUSTOM_ROLE,
            "active": True,
            "suspended": gone,
            "moderator": not agent.is_light,
            "only_private_comments": agent.is_light,
            "restricted_agent": False,
            "ticket_restriction": None,
            "default_group_id": ids.GROUP + agent.group,
            "verified": True,
        }

    def customer(self, key: int, changed_at: int, base_url: str) -> dict[str, Any]:
        customer = self.cast.customer(key)
        return {
            **self._end_user(
                base_url, key, customer.name, customer.email, customer.zone, customer.organisation
            ),
            "updated_at": iso(changed_at),
            "active": key % 97 != 0,
        }

    def _end_user(
        self, base_url: str, key: int, name: str, email: str, zone: str, organisation: int | None
    ) -> dict[str, Any]:
        return {
            **self._user(base_url, key, name, email, zone),
            "organization_id": ids.ORGANISATION + organisation if organisation else None,
            "role": "end-user",
            "role_type": None,
            "custom_role_id": None,
            "active": True,
            "suspended": False,
            "moderator": False,
            "only_private_comments": False,
            "restricted_agent": True,
            "ticket_restriction": "requested",
            "default_group_id": None,
            "verified": key % 5 != 0,
        }

    def _user(self, base_url: str, key: int, name: str, email: str, zone: str) -> dict[str, Any]:
        number = ids.user(key)
        return {
            "id": number,
            "url": f"{base_url}/api/v2/users/{number}.json",
            "name": name,
            "email": email,
            "created_at": self.born,
            "time_zone": zone,
            "iana_time_zone": zone,
            "phone": None,
            "shared_phone_number": None,
            "photo": None,
            "locale_id": 1,
            "locale": "en-US",
            "external_id": None,
            "tags": [],
            "alias": None,
            "shared": False,
            "shared_agent": False,
            "last_login_at": None,
            "two_factor_auth_enabled": None,
            "signature": None,
            "details": None,
            "notes": None,
            "report_csv": False,
            "user_fields": {"segment": ("consumer", "business", "partner")[key % 3]},
        }

    def organisation(self, key: int, changed_at: int, base_url: str) -> dict[str, Any]:
        organisation = self.cast.organisation(key)
        row = self._row(
            base_url,
            "organizations",
            ids.ORGANISATION + key,
            name=organisation.name,
            shared_tickets=False,
            shared_comments=False,
            external_id=None,
            domain_names=[],
            details=None,
            notes=None,
            group_id=None,
            tags=["vip"] if organisation.is_vip else [],
            organization_fields={},
            deleted_at=None,
        )
        row["updated_at"] = iso(changed_at)
        return row

    # -- things -------------------------------------------------------------------------------

    def groups(self, base_url: str) -> list[dict[str, Any]]:
        return [
            self._row(
                base_url,
                "groups",
                ids.GROUP + group.key,
                is_public=True,
                name=group.name,
                description="",
                default=group.key == 1,
                deleted=group.is_deleted,
            )
            for group in GROUPS
        ]

    def memberships(self, base_url: str) -> list[dict[str, Any]]:
        rows = [
            self._row(
                base_url,
                "group_memberships",
                ids.MEMBERSHIP + agent.key,
                user_id=ids.user(agent.key),
                group_id=ids.GROUP + agent.group,
                default=True,
            )
            for agent in self.cast.agents
        ]
        for row in rows[::9]:
            row["updated_at"] = None
        return rows

    def brands(self, base_url: str) -> list[dict[str, Any]]:
        return [
            self._row(
                base_url,
                "brands",
                ids.BRAND + key,
                name=name,
                brand_url=base_url,
                subdomain=f"brand{key}",
                host_mapping=None,
                has_help_center=True,
                help_center_state="enabled",
                active=alive,
                default=key == 1,
                is_deleted=not alive,
                logo=None,
                ticket_form_ids=[ids.FORM + 1],
                signature_template="{{agent.signature}}",
            )
            for key, (name, alive) in enumerate(BRANDS, 1)
        ]

    def ticket_fields(self, base_url: str) -> list[dict[str, Any]]:
        plain = [(1, "subject", "Subject"), (2, "description", "Description"), (5, "group", "Group")]
        plain += [(6, "assignee", "Assignee")]
        own = [
            (LANGUAGE_FIELD, "text", "Language"),
            (ORDER_FIELD, "text", "Order number"),
            (VIP_FIELD, "checkbox", "VIP"),
        ]
        rows = [self._field(base_url, ids.FIELD + key, kind, title) for key, kind, title in plain]
        rows += [self._field(base_url, key, kind, title) for key, kind, title in own]
        for key, kind, title, values in (
            (3, "status", "Status", ("open", "pending", "hold", "solved")),
            (4, "priority", "Priority", ("low", "normal", "high", "urgent")),
            (7, "tickettype", "Type", ("question", "incident", "problem", "task")),
        ):
            row = self._field(base_url, ids.FIELD + key, kind, title)
            row["system_field_options"] = [{"name": value.capitalize(), "value": value} for value in values]
            rows.append(row)
        category = self._field(base_url, CATEGORY_FIELD, "tagger", "Category")
        category["custom_field_options"] = CATEGORY_OPTIONS
        exact = self._field(base_url, ids.FIELD + 8, "custom_status", "Ticket status")
        exact["custom_statuses"] = self.custom_statuses(base_url)
        return [*rows, category, exact]

    def _field(self, base_url: str, key: int, kind: str, title: str) -> dict[str, Any]:
        return self._row(
            base_url,
            "ticket_fields",
            key,
            type=kind,
            title=title,
            raw_title=title,
            description=title,
            raw_description=title,
            position=key % 100,
            active=True,
            required=False,
            collapsed_for_agents=False,
            regexp_for_validation=None,
            title_in_portal=title,
            visible_in_portal=True,
            editable_in_portal=False,
            required_in_portal=False,
            tag=None,
            removable=key >= CATEGORY_FIELD,
            agent_description=None,
        )

    def ticket_forms(self, base_url: str) -> list[dict[str, Any]]:
        return [
            self._row(
                base_url,
                "ticket_forms",
                ids.FORM + key,
                name=name,
                raw_name=name,
                display_name=name,
                raw_display_name=name,
                end_user_visible=True,
                position=key,
                ticket_field_ids=[CATEGORY_FIELD],
                active=True,
                default=key == 1,
                in_all_brands=True,
                restricted_brand_ids=[],
                agent_conditions=[],
                end_user_conditions=[],
            )
            for key, name in ((1, "Default form"), (2, "Complaints"))
        ]

    def custom_statuses(self, base_url: str) -> list[dict[str, Any]]:
        return [
            self._row(
                base_url,
                "custom_statuses",
                ids.FIELD + 100 + key,
                status_category=category,
                agent_label=label,
                end_user_label=label,
                description=label,
                end_user_description=label,
                active=active,
                default=default,
            )
            for key, (label, category, default, active) in enumerate(_CUSTOM_STATUSES, 1)
        ]

    def custom_roles(self, _base_url: str) -> list[dict[str, Any]]:
        return [
            {
                "id": key,
                "name": name,
                "description": name,
                "role_type": role_type,
                "team_member_count": 2,
                "created_at": self.born,
                "updated_at": self.born,
                "configuration": {"light_agent": role_type == 1, "ticket_access": "all"},
            }
            for key, name, role_type in ((LIGHT_ROLE, "Light agent", 1), (CUSTOM_ROLE, "Agent", 0))
        ]

    def sla_policies(self, base_url: str) -> list[dict[str, Any]]:
        policies = ((1, "VIP customers", 2, False), (2, "Everybody", 1, True))
        return [
            self._row(
                base_url,
                "slas/policies",
                ids.POLICY + key,
                title=title,
                description=title,
                position=key,
                filter={"all": [], "any": []},
                metric_settings=None,
                policy_metrics=[
                    {
                        "priority": priority,
                        "metric": metric,
                        "target": minutes // divisor,
                        "target_in_seconds": minutes // divisor * 60,
                        "business_hours": business,
                    }
                    for metric, targets in _SLA_TARGETS.items()
                    for priority, minutes in targets.items()
                ],
            )
            for key, title, divisor, business in policies
        ]

    def schedules(self, _base_url: str) -> list[dict[str, Any]]:
        return [
            {
                "id": ids.SCHEDULE + schedule.key,
                "name": schedule.name,
                "time_zone": schedule.rails_zone,
                "intervals": [{"start_time": start, "end_time": end} for start, end in schedule.weekly],
                "created_at": self.born,
                "updated_at": self.born,
            }
            for schedule in SCHEDULES
        ]

    def holidays(self, schedule_id: int) -> list[dict[str, Any]] | None:
        """Null where there is no such schedule."""
        for schedule in SCHEDULES:
            if ids.SCHEDULE + schedule.key == schedule_id:
                return [
                    {"id": schedule_id * 100 + index, "name": name, "start_date": start, "end_date": end}
                    for index, (name, start, end) in enumerate(schedule.holidays)
                ]
        return None
