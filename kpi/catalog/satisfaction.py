"""What customers say in surveys, and employees."""

from kpi.catalog.populations import availability_by
from kpi.metric import (
    EXACT,
    FINE,
    OFFERED,
    RATED,
    SERVQUAL,
    SERVQUAL_DIMENSIONS,
    UNAVAILABLE,
    Metric,
    Shape,
    Term,
)

COUNTED_CSAT = "is_countable = 1 AND is_counted = 1 AND survey_type = 'csat' AND satisfied IS NOT NULL"
_LATEST = (
    "NOT EXISTS (SELECT 1 FROM rating_facts o WHERE o.account = x.account AND o.respondent_id = x.respondent_id "
    "AND o.survey_type = x.survey_type AND COALESCE(o.survey_id, '') = COALESCE(x.survey_id, '') "
    "AND o.is_counted = 1 AND o.is_countable = 1 AND o.rated_at <= x.wave_ends_at "
    "AND (o.rated_at > x.rated_at OR (o.rated_at = x.rated_at AND o.rating_id > x.rating_id)))"
)
"""No later answer of the same respondent to the same wave of the survey; one without a name is one survey."""
_NPS = f"is_countable = 1 AND is_counted = 1 AND survey_type = 'nps' AND {_LATEST}"
_CES = "is_countable = 1 AND is_counted = 1 AND survey_type = 'ces'"
_ESAT = "is_countable = 1 AND is_counted = 1 AND survey_type = 'employee' AND scale = '1-5'"
_ENPS = "is_countable = 1 AND is_counted = 1 AND survey_type = 'employee' AND scale = '0-10'"

_OFFERED = "is_countable = 1 AND survey_type = 'csat'"
_OFFERED_TICKETS = Metric(
    id="csat_offered_tickets",
    title="Tickets offered a survey",
    unit="tickets",
    direction="neutral",
    anchor=OFFERED,
    shape=Shape.DISTINCT,
    definition="Tickets that were offered a satisfaction survey.",
    formula="number of tickets",
    where=_OFFERED,
    value="COALESCE(ticket_id, rating_id)",
    availability=availability_by(EXACT, UNAVAILABLE, UNAVAILABLE),
)
_ANSWERED_TICKETS = Metric(
    id="csat_answered_tickets",
    title="Of these, tickets with an answer",
    unit="tickets",
    direction="neutral",
    anchor=OFFERED,
    shape=Shape.DISTINCT,
    definition="Tickets that were offered a satisfaction survey and have a definite answer.",
    formula="number of tickets",
    where=f"{_OFFERED} AND (is_counted = 1 OR EXISTS (SELECT 1 FROM rating_facts o WHERE o.account = x.account "
    "AND o.ticket_id = x.ticket_id AND o.survey_type = 'csat' AND o.is_counted = 1))",
    value="COALESCE(ticket_id, rating_id)",
    availability=availability_by(EXACT, UNAVAILABLE, UNAVAILABLE),
)


_NPS_WAITS = "Zendesk, Freshdesk: `survey_answers` files with survey_type nps"
_CES_WAITS = "Zendesk, Freshdesk: `survey_answers` files with survey_type ces"
_ESAT_WAITS = "`survey_answers` files with survey_type employee, on the scale 1-5"
_VERDICTS = "bad_neutral_good"
_ZENDESK_SCALES = ("1-5", "1-2", "1-3", "1-7", "1-10", _VERDICTS)
"""Of its surveys; its old ratings, good or bad, have no mean but `csat_score`."""
_OWN_SCALES = ("freshdesk", _VERDICTS)
"""Scales on which files give no answers."""


def _mean_on(scale: str) -> Metric:
    """Answers on different scales have no common mean."""
    by = {
        "Zendesk": scale in _ZENDESK_SCALES,
        "Freshdesk": scale == "freshdesk",
        "HubSpot": scale == _VERDICTS,
    }
    zendesk, freshdesk, hubspot = (EXACT if gives else UNAVAILABLE for gives in by.values())
    without = ", ".join(vendor for vendor, gives in by.items() if not gives)
    is_in_files = scale not in _OWN_SCALES
    name = scale.replace("-", "_")
    return Metric(
        id="csat_mean" if scale == "1-5" else f"csat_mean_{name}",
        title=f"Mean answer on the scale {scale}",
        unit="points",
        direction="higher",
        anchor=RATED,
        shape=Shape.RATIO,
        definition=f"Mean of the definite answers given on the scale {scale}, as they were given.",
        formula="Σ answers ÷ answers",
        where=f"{COUNTED_CSAT} AND scale = '{scale}'",
        value="score",
        fineness=FINE,
        availability=availability_by(zendesk, freshdesk, hubspot, EXACT if is_in_files else UNAVAILABLE),
        waits_for=f"{without}: "
        + (
            f"`survey_answers` files with survey_type csat, on the scale {scale}"
            if is_in_files
            else "nothing, for their answers have other scales"
        ),
    )


def _gap(name: str) -> str:
    """A respondent's mean gap in one dimension."""
    return f"CAST({name} AS double precision) / ({FINE} * {name}_items)"


_OVERALL_GAP = f"({' + '.join(_gap(name) for name in SERVQUAL_DIMENSIONS)}) / {len(SERVQUAL_DIMENSIONS)}"
_COMPLETE = " AND ".join(f"{name}_items > 0" for name in SERVQUAL_DIMENSIONS)


def _servqual(suffix: str, gap: str, where: str) -> Metric:
    about = f"in {suffix[1:]}" if suffix else "in all five dimensions, of respondents who answered on each"
    return Metric(
        id=f"servqual_gap{suffix}",
        title=f"SERVQUAL gap{suffix.replace('_', ': ')}",
        unit="points",
        direction="higher",
        anchor=SERVQUAL,
        shape=Shape.RATIO,
        definition=f"What customers perceive minus what they expect {about}: the mean over a respondent's items of a day, and of these the mean over respondents. 0 is as expected.",
        formula="Σ respondents' mean gaps ÷ respondents",
        where=where,
        value=gap,
        fineness=FINE,
        availability=availability_by(UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, EXACT),
        waits_for="`servqual_answers` files",
    )


SATISFACTION: tuple[Metric, ...] = (
    Metric(
        id="csat_score",
        title="Customer satisfaction score",
        unit="%",
        direction="higher",
        anchor=RATED,
        shape=Shape.RATIO,
        definition="Share of satisfied answers among all definite answers. Satisfied is, by scale: {satisfied}. Of one ticket and survey only the latest answer counts, on the day it was given; neutral answers are in the denominator.",
        formula="100 × satisfied ÷ rated",
        where=COUNTED_CSAT,
        value="satisfied",
        scale=100,
        availability=availability_by(EXACT, EXACT, EXACT, EXACT),
        has_interval=True,
    ),
    Metric(
        id="csat_dissatisfied_rate",
        title="Dissatisfied answers",
        unit="%",
        direction="lower",
        anchor=RATED,
        shape=Shape.RATIO,
        definition="Share of dissatisfied answers among all definite ones; a neutral answer is neither satisfied nor dissatisfied.",
        formula="100 × dissatisfied ÷ rated",
        where=COUNTED_CSAT,
        value="dissatisfied",
        scale=100,
        availability=availability_by(EXACT, EXACT, EXACT, EXACT),
        has_interval=True,
    ),
    *(_mean_on(scale) for scale in ("1-5", "1-2", "1-3", "1-7", "1-10", "0-10", "freshdesk", _VERDICTS)),
    Metric(
        id="csat_response_rate",
        title="Answered surveys",
        unit="%",
        direction="higher",
        anchor=OFFERED,
        shape=Shape.COMPOSED,
        definition="Share of the tickets offered a satisfaction survey in the period that have a definite answer, whenever it came. It is provisional until 14 days after the period.",
        formula="100 × tickets with an answer ÷ tickets offered a survey",
        terms=(Term(_ANSWERED_TICKETS), Term(_OFFERED_TICKETS, below=True)),
        scale=100,
        availability=availability_by(EXACT, UNAVAILABLE, UNAVAILABLE),
        waits_for="Freshdesk, HubSpot: `survey_answers` files whose `offered_at` tells which tickets were offered a survey",
        has_interval=True,
        settles_after_days=14,
    ),
    Metric(
        id="csat_comment_rate",
        title="Answers with a comment",
        unit="%",
        direction="higher",
        anchor=RATED,
        shape=Shape.RATIO,
        definition="Share of definite answers that came with open text; blank text is none.",
        formula="100 × answers with text ÷ answers",
        where=COUNTED_CSAT,
        value="has_comment",
        scale=100,
        availability=availability_by(EXACT, EXACT, EXACT, EXACT),
        has_interval=True,
    ),
    Metric(
        id="nps",
        title="Net promoter score",
        unit="points",
        direction="higher",
        anchor=RATED,
        shape=Shape.BALANCE,
        definition="Promoters (9 and 10) minus detractors (0 to 6) among answers from 0 to 10; passives (7 and 8) count in n only. Of one respondent and wave of a survey only the latest answer counts: one within {survey_wave} of an earlier one takes its place, a later one is of another wave. All answers to surveys without a name are to one survey; answers of unknown respondents all count. The interval is the margin of error of a net score.",
        formula="100 × (promoters − detractors) ÷ answers",
        where=_NPS,
        value="normalised",
        scale=100,
        availability=availability_by(UNAVAILABLE, UNAVAILABLE, EXACT, EXACT),
        waits_for=_NPS_WAITS,
        aliases=("net_reporter_score",),
    ),
    Metric(
        id="nps_promoter_pct",
        title="Promoters",
        unit="%",
        direction="higher",
        anchor=RATED,
        shape=Shape.RATIO,
        definition="Share of answers of 9 or 10 among those that the net promoter score counts.",
        formula="100 × promoters ÷ answers",
        where=_NPS,
        value="CASE WHEN normalised = 1 THEN 1 ELSE 0 END",
        scale=100,
        availability=availability_by(UNAVAILABLE, UNAVAILABLE, EXACT, EXACT),
        waits_for=_NPS_WAITS,
        has_interval=True,
    ),
    Metric(
        id="nps_passive_pct",
        title="Passives",
        unit="%",
        direction="neutral",
        anchor=RATED,
        shape=Shape.RATIO,
        definition="Share of answers of 7 or 8 among those that the net promoter score counts.",
        formula="100 × passives ÷ answers",
        where=_NPS,
        value="CASE WHEN normalised = 0 THEN 1 ELSE 0 END",
        scale=100,
        availability=availability_by(UNAVAILABLE, UNAVAILABLE, EXACT, EXACT),
        waits_for=_NPS_WAITS,
        has_interval=True,
    ),
    Metric(
        id="nps_detractor_pct",
        title="Detractors",
        unit="%",
        direction="lower",
        anchor=RATED,
        shape=Shape.RATIO,
        definition="Share of answers of 0 to 6 among those that the net promoter score counts.",
        formula="100 × detractors ÷ answers",
        where=_NPS,
        value="CASE WHEN normalised = -1 THEN 1 ELSE 0 END",
        scale=100,
        availability=availability_by(UNAVAILABLE, UNAVAILABLE, EXACT, EXACT),
        waits_for=_NPS_WAITS,
        has_interval=True,
    ),
    Metric(
        id="ces_score",
        title="Customer effort score",
        unit="points",
        direction="higher",
        anchor=RATED,
        shape=Shape.RATIO,
        definition="Mean ease from 1 to 7, 7 is easiest. Effort scales are turned round, five-point ones are stretched, easy, burdensome and difficult are 7, 4 and 1.",
        formula="Σ ease ÷ answers",
        where=_CES,
        value="normalised",
        fineness=FINE,
        availability=availability_by(UNAVAILABLE, UNAVAILABLE, EXACT, EXACT),
        waits_for=_CES_WAITS,
    ),
    Metric(
        id="ces_easy_rate",
        title="Easy answers",
        unit="%",
        direction="higher",
        anchor=RATED,
        shape=Shape.RATIO,
        definition="Share of effort answers with an ease of 5 or more out of 7.",
        formula="100 × answers with ease ≥ 5 ÷ answers",
        where=_CES,
        value="CASE WHEN normalised >= 5 THEN 1 ELSE 0 END",
        scale=100,
        availability=availability_by(UNAVAILABLE, UNAVAILABLE, EXACT, EXACT),
        waits_for=_CES_WAITS,
        has_interval=True,
    ),
    _servqual("", _OVERALL_GAP, _COMPLETE),
    *(_servqual(f"_{name}", _gap(name), f"{name}_items > 0") for name in SERVQUAL_DIMENSIONS),
    Metric(
        id="esat_score",
        title="Employee satisfaction",
        unit="%",
        direction="higher",
        anchor=RATED,
        shape=Shape.RATIO,
        definition="Share of employees' answers of 4 or 5 on a scale from 1 to 5. By month and team only; fewer than 5 answers are never shown, nor what would tell them by a difference.",
        formula="100 × answers ≥ 4 ÷ answers",
        where=_ESAT,
        value="CASE WHEN score >= 4 THEN 1 ELSE 0 END",
        scale=100,
        availability=availability_by(UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, EXACT),
        waits_for=_ESAT_WAITS,
        has_interval=True,
        least=5,
    ),
    Metric(
        id="esat_mean",
        title="Mean employee satisfaction",
        unit="points",
        direction="higher",
        anchor=RATED,
        shape=Shape.RATIO,
        definition="Mean of employees' answers on a scale from 1 to 5, under the same protection as the score.",
        formula="Σ answers ÷ answers",
        where=_ESAT,
        value="score",
        fineness=FINE,
        availability=availability_by(UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, EXACT),
        waits_for=_ESAT_WAITS,
        least=5,
    ),
    Metric(
        id="enps",
        title="Employee net promoter score",
        unit="points",
        direction="higher",
        anchor=RATED,
        shape=Shape.BALANCE,
        definition="Promoters minus detractors among employees' answers from 0 to 10, under the same protection as the other employee surveys.",
        formula="100 × (promoters − detractors) ÷ answers",
        where=_ENPS,
        value="normalised",
        scale=100,
        availability=availability_by(UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, EXACT),
        waits_for="`survey_answers` files with survey_type employee, on the scale 0-10",
        least=5,
    ),
    Metric(
        id="sentiment_score",
        title="Customer sentiment",
        unit="points",
        direction="higher",
        anchor=RATED,
        shape=Shape.RATIO,
        definition="Mean sentiment of what customers wrote, from 0 (negative) to 100 (positive).",
        formula="Σ sentiment ÷ answers",
        where="is_countable = 1 AND is_counted = 1 AND survey_type = 'sentiment'",
        value="normalised",
        fineness=FINE,
        availability=availability_by(UNAVAILABLE, UNAVAILABLE, EXACT, EXACT),
        waits_for="Zendesk, Freshdesk: `survey_answers` files with survey_type sentiment; HubSpot: its AI's sentiment of conversations, or the same files",
    ),
)
