"""QQ shows plain text only. It publishes no limit; 3,000 characters pass in every client."""

from apps.platforms.rendering.dialect import Dialect

DIALECT = Dialect(limit=3000)
