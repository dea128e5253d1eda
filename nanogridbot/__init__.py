from nanogridbot.celery import app as celery_app

__version__ = "0.1.0"  # as pyproject.toml says

__all__ = ["__version__", "celery_app"]
