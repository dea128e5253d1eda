"""The service's own settings, over the tests' temporary installation."""

from tests import environment  # isort: skip - it must speak before the settings read the environment

from nanogridbot.settings import *  # noqa: F403
from nanogridbot.settings import DATABASES

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file with a write-ahead log, as the service has it; tables in memory lock in another way.
    DATABASES["default"]["TEST"] = {"NAME": str(environment.DATA_DIR / "test.sqlite3")}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
