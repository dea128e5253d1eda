"""The same as in English: short, and read in both languages."""

from nanogridbot.formats.en.formats import *  # noqa: F403
