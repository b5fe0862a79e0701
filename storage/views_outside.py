"""The views of what lies beside the tickets: report_customers, report_business_figures, report_sla_clocks."""

from storage.words import Words


def customers_view(words: Words) -> str:
    """One row a customer that files told, so that tickets and answers can be split by what is known of them."""
    return f"""
        SELECT account, id AS customer_id, requester_id, name, segment, lifetime_value AS ltv,
               {words.at("started_at")} AS started_at, {words.at("churned_at")} AS churned_at
        FROM customers
    """


def business_figures_view(_words: Words) -> str:
    return """
        SELECT account, name, grain, period_start, value, unit FROM business_figures
    """


def sla_clocks_view(words: Words) -> str:
    """One row a promise on a countable ticket, as it stands when it is read: time alone makes one late."""
    since_risk, since_verdict = words.seconds_since("c.risk_at"), words.seconds_since("c.decided_at")
    return f"""
        SELECT account, ticket_id, sla_metric, instance, policy, state, {words.at("started_at")} AS started_at,
               {words.at("due_at")} AS due_at, {words.at("risk_at")} AS at_risk_at,
               {words.at("fulfilled_at")} AS fulfilled_at,
               CASE WHEN state IN ('running', 'at_risk', 'breached') THEN -{words.seconds_since("due_at")} END AS seconds_left,
               agent_name, group_name, priority, subject, url
        FROM (
            SELECT c.account, c.ticket_id, c.metric AS sla_metric, c.instance, COALESCE(y.name, c.policy_id) AS policy,
                   CASE WHEN c.state = 'missed' THEN 'met_late' WHEN c.state <> 'broken' THEN c.state
                        WHEN {since_verdict} >= 0 THEN 'breached' WHEN {since_risk} >= 0 THEN 'at_risk'
                        ELSE 'running' END AS state,
                   c.started_at, c.due_at, c.risk_at, c.fulfilled_at, p.name AS agent_name, g.name AS group_name,
                   t.priority, t.subject, t.url
            FROM sla_facts c
            JOIN ticket_facts f ON f.account = c.account AND f.ticket_id = c.ticket_id AND f.is_countable = 1
            JOIN tickets t ON t.account = c.account AND t.id = c.ticket_id
            LEFT JOIN sla_policies y ON y.account = c.account AND y.id = c.policy_id
            LEFT JOIN people p ON p.account = t.account AND p.id = t.agent_id
            LEFT JOIN groups g ON g.account = t.account AND g.id = t.group_id
        ) clocks
    """
