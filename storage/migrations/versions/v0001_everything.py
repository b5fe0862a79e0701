"""everything."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "agent_time_facts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("time_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("day", sa.BigInteger(), nullable=True),
        sa.Column("available_seconds", sa.BigInteger(), nullable=True),
        sa.Column("productive_seconds", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "time_id"),
    )
    with op.batch_alter_table("agent_time_facts", schema=None) as batch_op:
        batch_op.create_index(
            "ix_agent_time_facts_account_agent_id_day", ["account", "agent_id", "day"], unique=False
        )
        batch_op.create_index("ix_agent_time_facts_day", ["day"], unique=False)

    op.create_table(
        "agent_times",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("synced_at", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("available_seconds", sa.BigInteger(), nullable=False),
        sa.Column("productive_seconds", sa.BigInteger(), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("account", "id"),
    )
    with op.batch_alter_table("agent_times", schema=None) as batch_op:
        batch_op.create_index(
            "ix_agent_times_origin",
            ["origin"],
            unique=False,
            sqlite_where=sa.text("origin IS NOT NULL"),
            postgresql_where=sa.text("origin IS NOT NULL"),
        )

    op.create_table(
        "backlog_spans",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("from_day", sa.BigInteger(), nullable=True),
        sa.Column("until_day", sa.BigInteger(), nullable=True),
        sa.Column("status_class", sa.Text(), nullable=True),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("has_reply", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "ticket_id", "ordinal"),
    )
    with op.batch_alter_table("backlog_spans", schema=None) as batch_op:
        batch_op.create_index("ix_backlog_spans_from_day", ["from_day"], unique=False)
        batch_op.create_index("ix_backlog_spans_until_day_from_day", ["until_day", "from_day"], unique=False)

    op.create_table(
        "brands",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("synced_at", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account", "id"),
    )
    op.create_table(
        "business_figures",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("synced_at", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("account", "id"),
    )
    with op.batch_alter_table("business_figures", schema=None) as batch_op:
        batch_op.create_index(
            "ix_business_figures_origin",
            ["origin"],
            unique=False,
            sqlite_where=sa.text("origin IS NOT NULL"),
            postgresql_where=sa.text("origin IS NOT NULL"),
        )

    op.create_table(
        "call_facts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=True),
        sa.Column("is_inbound", sa.BigInteger(), nullable=True),
        sa.Column("is_handled", sa.BigInteger(), nullable=True),
        sa.Column("is_offered", sa.BigInteger(), nullable=True),
        sa.Column("is_abandoned", sa.BigInteger(), nullable=True),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("started_day", sa.BigInteger(), nullable=True),
        sa.Column("ended_day", sa.BigInteger(), nullable=True),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("wait_seconds", sa.BigInteger(), nullable=True),
        sa.Column("talk_hold_seconds", sa.BigInteger(), nullable=True),
        sa.Column("handle_seconds", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "call_id"),
    )
    with op.batch_alter_table("call_facts", schema=None) as batch_op:
        batch_op.create_index("ix_call_facts_ended_day", ["ended_day"], unique=False)
        batch_op.create_index("ix_call_facts_started_day", ["started_day"], unique=False)

    op.create_table(
        "call_legs",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("synced_at", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("leg_type", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("talk_seconds", sa.BigInteger(), nullable=True),
        sa.Column("hold_seconds", sa.BigInteger(), nullable=True),
        sa.Column("wrap_seconds", sa.BigInteger(), nullable=True),
        sa.Column("duration_seconds", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("transferred_from", sa.Text(), nullable=True),
        sa.Column("transferred_to", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("account", "id"),
    )
    with op.batch_alter_table("call_legs", schema=None) as batch_op:
        batch_op.create_index("ix_call_legs_call_id", ["account", "call_id"], unique=False)

    op.create_table(
        "calls",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("synced_at", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("ticket_id", sa.Text(), nullable=True),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("vendor_outcome", sa.Text(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("wait_seconds", sa.BigInteger(), nullable=True),
        sa.Column("answer_seconds", sa.BigInteger(), nullable=True),
        sa.Column("talk_seconds", sa.BigInteger(), nullable=True),
        sa.Column("hold_seconds", sa.BigInteger(), nullable=True),
        sa.Column("wrap_seconds", sa.BigInteger(), nullable=True),
        sa.Column("duration_seconds", sa.BigInteger(), nullable=True),
        sa.Column("is_callback", sa.Boolean(), nullable=False),
        sa.Column("is_outside_hours", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account", "id"),
    )
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.create_index(
            "ix_calls_origin",
            ["origin"],
            unique=False,
            sqlite_where=sa.text("origin IS NOT NULL"),
            postgresql_where=sa.text("origin IS NOT NULL"),
        )
        batch_op.create_index("ix_calls_ticket_id", ["account", "ticket_id"], unique=False)

    op.create_table(
        "checkpoints",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("data_until", sa.BigInteger(), nullable=True),
        sa.Column("rows_total", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_success_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("last_error_at", sa.BigInteger(), nullable=True),
        sa.Column("skipped", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("account", "stream"),
    )
    op.create_table(
        "customer_facts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("requester_id", sa.Text(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("started_day", sa.BigInteger(), nullable=True),
        sa.Column("churned_at", sa.BigInteger(), nullable=True),
        sa.Column("churned_day", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "customer_id"),
    )
    with op.batch_alter_table("customer_facts", schema=None) as batch_op:
        batch_op.create_index(
            "ix_customer_facts_account_requester_id", ["account", "requester_id"], unique=False
        )
        batch_op.create_index("ix_customer_facts_churned_day", ["churned_day"], unique=False)
        batch_op.create_index("ix_customer_facts_started_day", ["started_day"], unique=False)

    op.create_table(
        "customers",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("synced_at", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("requester_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("churned_at", sa.BigInteger(), nullable=True),
        sa.Column("segment", sa.Text(), nullable=True),
        sa.Column("lifetime_value", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("account", "id"),
    )
    with op.batch_alter_table("customers", schema=None) as batch_op:
        batch_op.create_index(
            "ix_customers_origin",
            ["origin"],
            unique=False,
            sqlite_where=sa.text("origin IS NOT NULL"),
            postgresql_where=sa.text("origin IS NOT NULL"),
        )

    op.create_table(
        "fields",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("synced_at", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account", "id"),
    )
    op.create_table(
        "figure_facts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("figure_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("grain", sa.Text(), nullable=True),
        sa.Column("day", sa.BigInteger(), nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("account", "figure_id"),
    )
    with op.batch_alter_table("figure_facts", schema=None) as batch_op:
        batch_op.create_index("ix_figure_facts_day", ["day"], unique=False)

    op.create_table(
        "groups",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("synced_at", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("schedule_id", sa.Text(), nullable=True),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account", "id"),
    )
    op.create_table(
        "kpi_benchmarks",
        sa.Column("ordinal", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kpi", sa.Text(), nullable=False),
        sa.Column("statistic", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("industry", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=True),
        sa.Column("measured_as", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ordinal"),
    )
    op.create_table(
        "kpi_cells",
        sa.Column("kpi", sa.Text(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("period", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("numerator", sa.BigInteger(), nullable=True),
        sa.Column("denominator", sa.BigInteger(), nullable=True),
        sa.Column("p50", sa.Double(), nullable=True),
        sa.Column("p90", sa.Double(), nullable=True),
        sa.Column("p95", sa.Double(), nullable=True),
        sa.Column("ci_low", sa.Double(), nullable=True),
        sa.Column("ci_high", sa.Double(), nullable=True),
        sa.Column("low_sample", sa.BigInteger(), nullable=False),
        sa.Column("provisional", sa.BigInteger(), nullable=False),
        sa.Column("availability", sa.Text(), nullable=False),
        sa.Column("computed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kpi", "generation", "grain", "period", "account", "dimension", "member"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "kpi_definitions",
        sa.Column("kpi", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("anchor", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("formula", sa.Text(), nullable=False),
        sa.Column("zendesk", sa.Text(), nullable=False),
        sa.Column("freshdesk", sa.Text(), nullable=False),
        sa.Column("hubspot", sa.Text(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("shape", sa.Text(), nullable=False),
        sa.Column("scale", sa.BigInteger(), nullable=False),
        sa.Column("fineness", sa.BigInteger(), nullable=False),
        sa.Column("fineness_below", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("waits_for", sa.Text(), nullable=True),
        sa.Column("aliases", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("kpi"),
    )
    op.create_table(
        "kpi_goals",
        sa.Column("ordinal", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kpi", sa.Text(), nullable=False),
        sa.Column("statistic", sa.Text(), nullable=False),
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("cell_account", sa.Text(), nullable=False),
        sa.Column("cell_member", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("target", sa.Double(), nullable=False),
        sa.Column("baseline", sa.Double(), nullable=True),
        sa.Column("start_day", sa.BigInteger(), nullable=False),
        sa.Column("due_day", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ordinal"),
    )
    op.create_table(
        "kpi_restatements",
        sa.Column("kpi", sa.Text(), nullable=False),
        sa.Column("statistic", sa.Text(), nullable=False),
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("period", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("on_day", sa.BigInteger(), nullable=False),
        sa.Column("old", sa.Double(), nullable=True),
        sa.Column("new", sa.Double(), nullable=True),
        sa.Column("causes", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "kpi", "statistic", "grain", "period", "account", "dimension", "member", "on_day"
        ),
    )
    with op.batch_alter_table("kpi_restatements", schema=None) as batch_op:
        batch_op.create_index("ix_kpi_restatements_on_day", ["on_day"], unique=False)

    op.create_table(
        "kpi_settled",
        sa.Column("kpi", sa.Text(), nullable=False),
        sa.Column("until_day", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kpi"),
    )
    op.create_table(
        "kpi_state",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "leases",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "memberships",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("synced_at", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account", "id"),
    )
    op.create_table(
        "organisations",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("synced_at", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "id"),
    )
    op.create_table(
        "people",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("synced_at", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("is_staff", sa.Boolean(), nullable=False),
        sa.Column("is_light", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("was_staff", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account", "id"),
    )
    op.create_table(
        "purchase_facts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("purchase_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("day", sa.BigInteger(), nullable=True),
        sa.Column("is_upsell", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "purchase_id"),
    )
    with op.batch_alter_table("purchase_facts", schema=None) as batch_op:
        batch_op.create_index("ix_purchase_facts_day", ["day"], unique=False)

    op.create_table(
        "purchases",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("synced_at", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Double(), nullable=True),
        sa.Column("is_upsell", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account", "id"),
    )
    with op.batch_alter_table("purchases", schema=None) as batch_op:
        batch_op.create_index("ix_purchases_customer_id", ["account", "customer_id"], unique=False)
        batch_op.create_index(
            "ix_purchases_origin",
            ["origin"],
            unique=False,
            sqlite_where=sa.text("origin IS NOT NULL"),
            postgresql_where=sa.text("origin IS NOT NULL"),
        )

    op.create_table(
        "rating_facts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("rating_id", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=True),
        sa.Column("survey_type", sa.Text(), nullable=True),
        sa.Column("survey_id", sa.Text(), nullable=True),
        sa.Column("dimension", sa.Text(), nullable=True),
        sa.Column("is_countable", sa.BigInteger(), nullable=True),
        sa.Column("is_counted", sa.BigInteger(), nullable=True),
        sa.Column("offered_day", sa.BigInteger(), nullable=True),
        sa.Column("rated_at", sa.BigInteger(), nullable=True),
        sa.Column("rated_day", sa.BigInteger(), nullable=True),
        sa.Column("scale", sa.Text(), nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("satisfied", sa.BigInteger(), nullable=True),
        sa.Column("dissatisfied", sa.BigInteger(), nullable=True),
        sa.Column("normalised", sa.Double(), nullable=True),
        sa.Column("has_comment", sa.BigInteger(), nullable=True),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("priority", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("brand_id", sa.Text(), nullable=True),
        sa.Column("organisation_id", sa.Text(), nullable=True),
        sa.Column("requester_id", sa.Text(), nullable=True),
        sa.Column("tags", sa.Text(), nullable=True),
        sa.Column("respondent_id", sa.Text(), nullable=True),
        sa.Column("wave_ends_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "rating_id"),
    )
    with op.batch_alter_table("rating_facts", schema=None) as batch_op:
        batch_op.create_index(
            "ix_rating_facts_account_respondent_id", ["account", "respondent_id"], unique=False
        )
        batch_op.create_index("ix_rating_facts_account_ticket_id", ["account", "ticket_id"], unique=False)
        batch_op.create_index("ix_rating_facts_offered_day", ["offered_day"], unique=False)
        batch_op.create_index("ix_rating_facts_rated_day", ["rated_day"], unique=False)

    op.create_table(
        "ratings",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("synced_at", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("ticket_id", sa.Text(), nullable=True),
        sa.Column("survey_type", sa.Text(), nullable=False),
        sa.Column("survey_id", sa.Text(), nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("scale", sa.Text(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("respondent_id", sa.Text(), nullable=True),
        sa.Column("offered_at", sa.BigInteger(), nullable=True),
        sa.Column("rated_at", sa.BigInteger(), nullable=True),
        sa.Column("dimension", sa.Text(), nullable=True),
        sa.Column("expectation", sa.Double(), nullable=True),
        sa.Column("perception", sa.Double(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "id"),
    )
    with op.batch_alter_table("ratings", schema=None) as batch_op:
        batch_op.create_index(
            "ix_ratings_origin",
            ["origin"],
            unique=False,
            sqlite_where=sa.text("origin IS NOT NULL"),
            postgresql_where=sa.text("origin IS NOT NULL"),
        )
        batch_op.create_index("ix_ratings_ticket_id", ["account", "ticket_id"], unique=False)

    op.create_table(
        "reaches",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("walk_since", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "stream"),
    )
    op.create_table(
        "rejected_rows",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.Column("row", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("rejected_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account", "stream", "kind", "row_id", name="uq_rejected_rows"),
    )
    op.create_table(
        "risk_spans",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("instance", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("policy_id", sa.Text(), nullable=True),
        sa.Column("risk_at", sa.BigInteger(), nullable=True),
        sa.Column("risk_day", sa.BigInteger(), nullable=True),
        sa.Column("risk_until", sa.BigInteger(), nullable=True),
        sa.Column("risk_until_day", sa.BigInteger(), nullable=True),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("account", "ticket_id", "metric", "instance", "ordinal"),
    )
    with op.batch_alter_table("risk_spans", schema=None) as batch_op:
        batch_op.create_index("ix_risk_spans_risk_at", ["risk_at"], unique=False)
        batch_op.create_index("ix_risk_spans_risk_until_risk_at", ["risk_until", "risk_at"], unique=False)

    op.create_table(
        "runs",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("requests", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_read", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_changed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rejected", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("kpi_periods", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.create_index("ix_runs_account_started_at", ["account", "started_at"], unique=False)

    op.create_table(
        "schedules",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("synced_at", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("weekly", sa.Text(), nullable=False),
        sa.Column("holidays", sa.Text(), nullable=False),
        sa.Column("overrides", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "id"),
    )
    op.create_table(
        "sla_events",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("synced_at", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("instance", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("target_seconds", sa.BigInteger(), nullable=True),
        sa.Column("is_business", sa.Boolean(), nullable=True),
        sa.Column("policy_id", sa.Text(), nullable=True),
        sa.Column("elapsed_seconds", sa.BigInteger(), nullable=True),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account", "id"),
    )
    with op.batch_alter_table("sla_events", schema=None) as batch_op:
        batch_op.create_index("ix_sla_events_ticket_id", ["account", "ticket_id"], unique=False)

    op.create_table(
        "sla_facts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("instance", sa.BigInteger(), nullable=False),
        sa.Column("policy_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("fulfilled_at", sa.BigInteger(), nullable=True),
        sa.Column("met", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_day", sa.BigInteger(), nullable=True),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("breached_at", sa.BigInteger(), nullable=True),
        sa.Column("breached_day", sa.BigInteger(), nullable=True),
        sa.Column("breached_agent_id", sa.Text(), nullable=True),
        sa.Column("breached_group_id", sa.Text(), nullable=True),
        sa.Column("risk_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "ticket_id", "metric", "instance"),
    )
    with op.batch_alter_table("sla_facts", schema=None) as batch_op:
        batch_op.create_index("ix_sla_facts_breached_at", ["breached_at"], unique=False)
        batch_op.create_index("ix_sla_facts_breached_day", ["breached_day"], unique=False)
        batch_op.create_index("ix_sla_facts_decided_at", ["decided_at"], unique=False)
        batch_op.create_index("ix_sla_facts_decided_day", ["decided_day"], unique=False)

    op.create_table(
        "sla_policies",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("synced_at", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("targets", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "id"),
    )
    op.create_table(
        "statuses",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("synced_at", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("pipeline_id", sa.Text(), nullable=True),
        sa.Column("pipeline_name", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account", "id"),
    )
    op.create_table(
        "ticket_events",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("synced_at", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("previous", sa.Text(), nullable=True),
        sa.Column("actor_id", sa.Text(), nullable=True),
        sa.Column("actor_role", sa.Text(), nullable=True),
        sa.Column("is_public", sa.Boolean(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "id"),
    )
    with op.batch_alter_table("ticket_events", schema=None) as batch_op:
        batch_op.create_index("ix_ticket_events_actor_id", ["account", "actor_id"], unique=False)
        batch_op.create_index("ix_ticket_events_ticket_id_at", ["account", "ticket_id", "at"], unique=False)

    op.create_table(
        "ticket_facts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("is_countable", sa.BigInteger(), nullable=True),
        sa.Column("is_outbound", sa.BigInteger(), nullable=True),
        sa.Column("is_imported", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("priority", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("brand_id", sa.Text(), nullable=True),
        sa.Column("organisation_id", sa.Text(), nullable=True),
        sa.Column("requester_id", sa.Text(), nullable=True),
        sa.Column("tags", sa.Text(), nullable=True),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("created_day", sa.BigInteger(), nullable=True),
        sa.Column("created_hour", sa.BigInteger(), nullable=True),
        sa.Column("first_response_at", sa.BigInteger(), nullable=True),
        sa.Column("replied_day", sa.BigInteger(), nullable=True),
        sa.Column("replied_agent_id", sa.Text(), nullable=True),
        sa.Column("replied_group_id", sa.Text(), nullable=True),
        sa.Column("first_response_seconds", sa.BigInteger(), nullable=True),
        sa.Column("first_response_business_seconds", sa.BigInteger(), nullable=True),
        sa.Column("first_any_response_seconds", sa.BigInteger(), nullable=True),
        sa.Column("first_handoff_response_seconds", sa.BigInteger(), nullable=True),
        sa.Column("first_zendesk_response_seconds", sa.BigInteger(), nullable=True),
        sa.Column("any_replied_day", sa.BigInteger(), nullable=True),
        sa.Column("any_replied_agent_id", sa.Text(), nullable=True),
        sa.Column("any_replied_group_id", sa.Text(), nullable=True),
        sa.Column("zendesk_replied_day", sa.BigInteger(), nullable=True),
        sa.Column("zendesk_replied_agent_id", sa.Text(), nullable=True),
        sa.Column("zendesk_replied_group_id", sa.Text(), nullable=True),
        sa.Column("first_assigned_at", sa.BigInteger(), nullable=True),
        sa.Column("assigned_day", sa.BigInteger(), nullable=True),
        sa.Column("assigned_agent_id", sa.Text(), nullable=True),
        sa.Column("assigned_group_id", sa.Text(), nullable=True),
        sa.Column("first_assignment_seconds", sa.BigInteger(), nullable=True),
        sa.Column("first_solved_at", sa.BigInteger(), nullable=True),
        sa.Column("first_solved_day", sa.BigInteger(), nullable=True),
        sa.Column("first_solved_agent_id", sa.Text(), nullable=True),
        sa.Column("first_solved_group_id", sa.Text(), nullable=True),
        sa.Column("first_resolution_seconds", sa.BigInteger(), nullable=True),
        sa.Column("first_resolution_business_seconds", sa.BigInteger(), nullable=True),
        sa.Column("solved_at", sa.BigInteger(), nullable=True),
        sa.Column("solved_day", sa.BigInteger(), nullable=True),
        sa.Column("solved_agent_id", sa.Text(), nullable=True),
        sa.Column("solved_group_id", sa.Text(), nullable=True),
        sa.Column("full_resolution_seconds", sa.BigInteger(), nullable=True),
        sa.Column("full_resolution_business_seconds", sa.BigInteger(), nullable=True),
        sa.Column("active_resolution_seconds", sa.BigInteger(), nullable=True),
        sa.Column("requester_wait_seconds", sa.BigInteger(), nullable=True),
        sa.Column("requester_wait_business_seconds", sa.BigInteger(), nullable=True),
        sa.Column("agent_wait_seconds", sa.BigInteger(), nullable=True),
        sa.Column("agent_wait_business_seconds", sa.BigInteger(), nullable=True),
        sa.Column("on_hold_seconds", sa.BigInteger(), nullable=True),
        sa.Column("on_hold_business_seconds", sa.BigInteger(), nullable=True),
        sa.Column("agent_work_seconds", sa.BigInteger(), nullable=True),
        sa.Column("agent_work_business_seconds", sa.BigInteger(), nullable=True),
        sa.Column("replies", sa.BigInteger(), nullable=True),
        sa.Column("customer_messages", sa.BigInteger(), nullable=True),
        sa.Column("agent_changes", sa.BigInteger(), nullable=True),
        sa.Column("group_changes", sa.BigInteger(), nullable=True),
        sa.Column("reopens", sa.BigInteger(), nullable=True),
        sa.Column("first_reopened_at", sa.BigInteger(), nullable=True),
        sa.Column("one_touch", sa.BigInteger(), nullable=True),
        sa.Column("reopened_in_window", sa.BigInteger(), nullable=True),
        sa.Column("reopen_mature_at", sa.BigInteger(), nullable=True),
        sa.Column("fcr", sa.BigInteger(), nullable=True),
        sa.Column("fcr_strict", sa.BigInteger(), nullable=True),
        sa.Column("fcr_mature_at", sa.BigInteger(), nullable=True),
        sa.Column("agent_contacts", sa.BigInteger(), nullable=True),
        sa.Column("is_escalated", sa.BigInteger(), nullable=True),
        sa.Column("is_complaint", sa.BigInteger(), nullable=True),
        sa.Column("is_bot_handled", sa.BigInteger(), nullable=True),
        sa.Column("bot_outcome", sa.Text(), nullable=True),
        sa.Column("bot_at", sa.BigInteger(), nullable=True),
        sa.Column("bot_day", sa.BigInteger(), nullable=True),
        sa.Column("bot_agent_id", sa.Text(), nullable=True),
        sa.Column("bot_group_id", sa.Text(), nullable=True),
        sa.Column("bot_mature_at", sa.BigInteger(), nullable=True),
        sa.Column("first_unanswered_at", sa.BigInteger(), nullable=True),
        sa.Column("unanswered_day", sa.BigInteger(), nullable=True),
        sa.Column("has_reply", sa.BigInteger(), nullable=True),
        sa.Column("target_seconds", sa.BigInteger(), nullable=True),
        sa.Column("target_day", sa.BigInteger(), nullable=True),
        sa.Column("target_agent_id", sa.Text(), nullable=True),
        sa.Column("target_group_id", sa.Text(), nullable=True),
        sa.Column("target_met", sa.BigInteger(), nullable=True),
        sa.Column("target_mature_at", sa.BigInteger(), nullable=True),
        sa.Column("history", sa.Text(), nullable=True),
        sa.Column("messages", sa.Text(), nullable=True),
        sa.Column("approximations", sa.BigInteger(), nullable=True),
        sa.Column("flags", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("account", "ticket_id"),
    )
    with op.batch_alter_table("ticket_facts", schema=None) as batch_op:
        batch_op.create_index(
            "ix_ticket_facts_account_requester_id_created_at",
            ["account", "requester_id", "created_at"],
            unique=False,
        )
        batch_op.create_index("ix_ticket_facts_any_replied_day", ["any_replied_day"], unique=False)
        batch_op.create_index("ix_ticket_facts_assigned_day", ["assigned_day"], unique=False)
        batch_op.create_index("ix_ticket_facts_bot_day", ["bot_day"], unique=False)
        batch_op.create_index("ix_ticket_facts_bot_mature_at", ["bot_mature_at"], unique=False)
        batch_op.create_index("ix_ticket_facts_created_day", ["created_day"], unique=False)
        batch_op.create_index("ix_ticket_facts_fcr_mature_at", ["fcr_mature_at"], unique=False)
        batch_op.create_index("ix_ticket_facts_first_solved_day", ["first_solved_day"], unique=False)
        batch_op.create_index("ix_ticket_facts_reopen_mature_at", ["reopen_mature_at"], unique=False)
        batch_op.create_index("ix_ticket_facts_replied_day", ["replied_day"], unique=False)
        batch_op.create_index("ix_ticket_facts_solved_day", ["solved_day"], unique=False)
        batch_op.create_index("ix_ticket_facts_target_day", ["target_day"], unique=False)
        batch_op.create_index("ix_ticket_facts_target_mature_at", ["target_mature_at"], unique=False)
        batch_op.create_index("ix_ticket_facts_unanswered_day", ["unanswered_day"], unique=False)
        batch_op.create_index("ix_ticket_facts_zendesk_replied_day", ["zendesk_replied_day"], unique=False)

    op.create_table(
        "tickets",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("synced_at", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("vendor_status", sa.Text(), nullable=True),
        sa.Column("priority", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("vendor_channel", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("brand_id", sa.Text(), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("requester_id", sa.Text(), nullable=True),
        sa.Column("submitter_id", sa.Text(), nullable=True),
        sa.Column("organisation_id", sa.Text(), nullable=True),
        sa.Column("form_id", sa.Text(), nullable=True),
        sa.Column("schedule_id", sa.Text(), nullable=True),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("custom_fields", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.Column("first_response_at", sa.BigInteger(), nullable=True),
        sa.Column("first_solved_at", sa.BigInteger(), nullable=True),
        sa.Column("solved_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("reopened_at", sa.BigInteger(), nullable=True),
        sa.Column("first_assigned_at", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("is_spam", sa.Boolean(), nullable=False),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("is_imported", sa.Boolean(), nullable=False),
        sa.Column("is_merged", sa.Boolean(), nullable=False),
        sa.Column("merged_into", sa.Text(), nullable=True),
        sa.Column("followup_of", sa.Text(), nullable=True),
        sa.Column("is_outbound", sa.Boolean(), nullable=True),
        sa.Column("is_bot_handled", sa.Boolean(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("vendor_first_response_seconds", sa.BigInteger(), nullable=True),
        sa.Column("vendor_first_response_business_seconds", sa.BigInteger(), nullable=True),
        sa.Column("vendor_first_resolution_seconds", sa.BigInteger(), nullable=True),
        sa.Column("vendor_first_resolution_business_seconds", sa.BigInteger(), nullable=True),
        sa.Column("vendor_full_resolution_seconds", sa.BigInteger(), nullable=True),
        sa.Column("vendor_full_resolution_business_seconds", sa.BigInteger(), nullable=True),
        sa.Column("vendor_requester_wait_seconds", sa.BigInteger(), nullable=True),
        sa.Column("vendor_requester_wait_business_seconds", sa.BigInteger(), nullable=True),
        sa.Column("vendor_agent_wait_seconds", sa.BigInteger(), nullable=True),
        sa.Column("vendor_agent_wait_business_seconds", sa.BigInteger(), nullable=True),
        sa.Column("vendor_on_hold_seconds", sa.BigInteger(), nullable=True),
        sa.Column("vendor_on_hold_business_seconds", sa.BigInteger(), nullable=True),
        sa.Column("vendor_resolution_unit_seconds", sa.BigInteger(), nullable=False),
        sa.Column("vendor_replies", sa.BigInteger(), nullable=True),
        sa.Column("vendor_customer_messages", sa.BigInteger(), nullable=True),
        sa.Column("vendor_reopens", sa.BigInteger(), nullable=True),
        sa.Column("vendor_agent_stations", sa.BigInteger(), nullable=True),
        sa.Column("vendor_group_stations", sa.BigInteger(), nullable=True),
        sa.Column("vendor_one_touch", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("account", "id"),
    )
    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.create_index(
            "ix_tickets_origin",
            ["origin"],
            unique=False,
            sqlite_where=sa.text("origin IS NOT NULL"),
            postgresql_where=sa.text("origin IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_tickets_requester_id_created_at", ["account", "requester_id", "created_at"], unique=False
        )

    op.create_table(
        "time_entries",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("synced_at", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.BigInteger(), nullable=False),
        sa.Column("is_billable", sa.Boolean(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "id"),
    )
    with op.batch_alter_table("time_entries", schema=None) as batch_op:
        batch_op.create_index("ix_time_entries_ticket_id", ["account", "ticket_id"], unique=False)

    op.create_table(
        "touched_periods",
        sa.Column("anchor", sa.Text(), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("causes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("anchor", "day"),
    )
    op.create_table(
        "touches",
        sa.Column(
            "revision",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("revision"),
        sa.UniqueConstraint("account", "kind", "entity_id", name="uq_touches"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "transition_facts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("transition", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.Column("day", sa.BigInteger(), nullable=True),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("account", "ticket_id", "ordinal"),
    )
    with op.batch_alter_table("transition_facts", schema=None) as batch_op:
        batch_op.create_index("ix_transition_facts_day", ["day"], unique=False)

    op.create_table(
        "turn_facts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.Column("asked_day", sa.BigInteger(), nullable=True),
        sa.Column("replied_at", sa.BigInteger(), nullable=True),
        sa.Column("replied_day", sa.BigInteger(), nullable=True),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("seconds", sa.BigInteger(), nullable=True),
        sa.Column("business_seconds", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "ticket_id", "ordinal"),
    )
    with op.batch_alter_table("turn_facts", schema=None) as batch_op:
        batch_op.create_index(
            "ix_turn_facts_replied_day_asked_day", ["replied_day", "asked_day"], unique=False
        )

    op.create_table(
        "workday_facts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("replies", sa.BigInteger(), nullable=True),
        sa.Column("solves", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "ticket_id", "agent_id", "day"),
    )
    with op.batch_alter_table("workday_facts", schema=None) as batch_op:
        batch_op.create_index("ix_workday_facts_day", ["day"], unique=False)
