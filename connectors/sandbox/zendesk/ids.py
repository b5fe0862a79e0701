"""Keys of the desk as Zendesk's numbers."""

USER = 21_400_000_000_000
GROUP = 21_300_000_000_100
ORGANISATION = 21_500_000_000_000
BRAND = 21_200_000_000_300
FORM = 21_200_000_000_400
FIELD = 21_200_000_000_500
SCHEDULE = 21_200_000_000_700
POLICY = 21_200_000_000_800
ROLE = 21_200_000_000_900
MEMBERSHIP = 21_600_000_000_000
METRIC_SET = 22_000_000_000_000
AUDIT = 23_000_000_000_000
METRIC_EVENT = 24_000_000_000_000
RATING = 25_000_000_000_000
CALL = 26_000_000_000_000
LEG = 27_000_000_000_000

STATUSES = {"on_hold": "hold"}
"""Where Zendesk's word differs from the desk's."""


def user(key: int) -> int | None:
    """0 is nobody; the bot and the system have no user of their own."""
    return USER + key * 3 if key else None
