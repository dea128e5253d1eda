"""What must exist after the first start: an admin, the group `main`, the chat page's channel."""

import secrets

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Q

from apps.chats import services
from apps.chats.models import Group

ADMIN = "admin"
MAIN = "main"


def missing_migrations() -> list[str]:
    """What `migrate` would still apply."""
    executor = MigrationExecutor(connection)
    return [str(migration) for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]


@transaction.atomic
def first_start() -> str:
    """Makes what is missing, and nothing twice; returns the new admin's password, or an empty string."""
    services.web_channel()
    if not Group.objects.filter(Q(is_main=True) | Q(folder__iexact=MAIN)).exists():
        services.create_group(folder=MAIN, name="Main", is_main=True)
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists():
        return ""
    password = secrets.token_urlsafe(12)
    users.create_superuser(username=ADMIN, password=password)
    return password


def greeting(password: str) -> str:
    """What a person must write down, or an empty string."""
    if not password:
        return ""
    return f"The admin's name is {ADMIN}, the password {password} (shown only now; change it in the admin)."
