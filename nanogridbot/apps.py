from django.apps import AppConfig


class NanoGridBotConfig(AppConfig):
    name = "nanogridbot"

    def ready(self) -> None:
        # Registers the checks; not before the settings are read.
        from nanogridbot import checks, logs  # noqa: F401, PLC0415

        logs.capture_what_bypasses_logging()
