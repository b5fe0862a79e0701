"""The real django-helpdesk on a loopback port, with a small history: `python desk.py FOLDER`.

Prints its address once it answers, and ends when its standard input does. Everything is made the way
the program itself makes it: tickets by its form, replies by its `update_ticket`.
"""

import logging
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

STAFF = "agnes", "a-staff-password"
CUSTOMER = "carl", "a-customer-password"
TICKETS = 25
BEGIN = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)


def configure(folder: Path) -> None:
    from django.conf import settings

    settings.configure(
        SECRET_KEY="for-tests-on-this-machine-only",
        ALLOWED_HOSTS=["127.0.0.1"],
        USE_TZ=True,
        TIME_ZONE="UTC",
        SITE_ID=1,
        ROOT_URLCONF="urls",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "desk.sqlite3"}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],  # each request signs in anew
        EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend",
        LOGGING_CONFIG=None,
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.sites",
            "django.contrib.humanize",
            "django.contrib.admin",
            "django.contrib.messages",
            "rest_framework",
            "helpdesk",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                        "django.template.context_processors.request",
                    ]
                },
            }
        ],
        STATIC_URL="/static/",
        MEDIA_ROOT=folder / "media",
        MIGRATION_MODULES=_NoMigrations(),
        HELPDESK_ACTIVATE_API_ENDPOINT=True,
        HELPDESK_TEAMS_MODE_ENABLED=False,
    )


class _NoMigrations:
    """Tables straight from the models: the same schema in a second in place of many."""

    def __contains__(self, _app: str) -> bool:
        return True

    def __getitem__(self, _app: str) -> None:
        return None


def fill() -> None:
    from django.contrib.auth import get_user_model
    from helpdesk.models import Queue

    people = get_user_model().objects
    staff = people.create_user(STAFF[0], "agnes@desk.example", STAFF[1], is_staff=True, is_superuser=True)
    people.create_user(CUSTOMER[0], "carl@customer.example", CUSTOMER[1])
    queues = [
        Queue.objects.create(title=title, slug=slug, allow_public_submission=True)
        for title, slug in (("Support", "support"), ("Billing", "billing"))
    ]
    for number in range(TICKETS):
        _ticket(number, queues[number % 2], staff, BEGIN + timedelta(hours=3 * number))


def _ticket(number: int, queue: Any, staff: Any, at: datetime) -> None:
    """Opened by a customer, and some of: answered, resolved, opened again, resolved for good."""
    from helpdesk.forms import PublicTicketForm
    from helpdesk.models import Ticket

    given = {
        "queue": queue.id,
        "title": f"Question {number}",
        "body": f"How does this work? ({number})",
        "submitter_email": f"customer{number % 20}@customer.example",
        "priority": 1 + number % 5,
        "due_date": None,
    }
    form = PublicTicketForm(data=given)
    if not form.is_valid():
        raise SystemExit(form.errors.as_text())
    with _clock(at):
        ticket = form.save(user=None)
    steps = [
        (40, {"user": staff, "comment": "Like this.", "public": True, "owner": staff.id}),
        (55, {"user": staff, "comment": "He is a VIP.", "public": False}),
        (90, {"user": staff, "comment": "Done.", "public": True, "new_status": Ticket.RESOLVED_STATUS}),
        (300, {"user": None, "comment": "No.", "public": True, "new_status": Ticket.REOPENED_STATUS}),
        (400, {"user": staff, "comment": "Now?", "public": True, "new_status": Ticket.CLOSED_STATUS}),
    ]
    for minutes, step in steps[: (0, 1, 3, 3, 5)[number % 5]]:
        update(ticket, at + timedelta(minutes=minutes), **step)


def update(ticket: Any, at: datetime, user: Any = None, **step: Any) -> None:
    from django.contrib.auth.models import AnonymousUser
    from helpdesk.update_ticket import update_ticket

    with _clock(at):
        update_ticket(user or AnonymousUser(), ticket, **step)


def _clock(at: datetime) -> Any:
    from unittest.mock import patch

    return patch("django.utils.timezone.now", return_value=at)


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments: Any) -> None:
        return


def serve(folder: Path) -> None:
    configure(folder)
    import django
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    from django.db import transaction

    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)
    logging.getLogger("helpdesk").setLevel(logging.ERROR)  # it misses the templates of mails it cannot send
    with transaction.atomic():
        fill()
    server: WSGIServer = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=_Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}/helpdesk", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
