"""What marks complaints and escalations, and what a category is: a `kpi.toml` for the made-up desk."""

from connectors.sandbox.cast import CATEGORIES, ESCALATIONS
from connectors.sandbox.freshdesk import words as freshdesk
from connectors.sandbox.hubspot import words as hubspot
from connectors.sandbox.zendesk import ids as zendesk
from connectors.sandbox.zendesk.tickets import CATEGORY_FIELD
from kpi.meaning import Meaning
from sync import kpi_file

COMPLAINT_CATEGORY, COMPLAINT_TYPE, MARKING_TAG = "complaint", "problem", "watched"
_GROUPS = (zendesk.GROUP + ESCALATIONS, freshdesk.GROUP + ESCALATIONS, hubspot.TEAM + ESCALATIONS)
_TEXT = f"""
[complaint]
categories = ["complaint", "COMPLAINT"]
types = ["problem", "Problem"]
tags = ["watched"]

[escalation]
groups = {[str(group) for group in _GROUPS]}
tags = ["watched"]
"""
_CATEGORY = """
[[categories]]
category = "{0}"
fields = {{ "{1}" = ["{0}"], "cf_category" = ["{0}"] }}
"""


def meant() -> Meaning:
    """For every vendor: HubSpot's tickets have a category of their own, and neither types nor tags."""
    rules = "".join(_CATEGORY.format(category, CATEGORY_FIELD) for category in CATEGORIES)
    return kpi_file.parse(_TEXT + rules, "kpi.toml", ()).meaning
