from django.apps import AppConfig


class NanoGridBotConfig(AppConfig):
    name = "nanogridbot"
