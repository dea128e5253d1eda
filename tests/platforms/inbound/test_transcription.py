"""Voice messages become text where an audio API is named, and say why where they do not."""

from collections.abc import Iterator

import pytest

from apps.agents.models import Run
from apps.agents.turns import prompts
from apps.chats.models import Attachment, Message
from tests.fakes.json_api import Answer, Call, JsonApi
from tests.fakes.stand_in import Hang, Json
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_folders")]

KEY = "sk-of-the-audio-api"


class AudioApi(JsonApi):
    """An OpenAI-compatible `/audio/transcriptions`."""

    said = "Andy, what is on the list?"

    def name_of(self, call: Call) -> str:
        return "transcriptions" if call.path == "/v1/audio/transcriptions" else call.path

    def answer(self, call: Call) -> tuple[int, Json | bytes]:
        known = call.headers.get("authorization") == f"Bearer {KEY}"
        return (200, {"text": self.said}) if known else (401, {"error": {"message": f"wrong key {KEY}"}})


@pytest.fixture
def audio(settings) -> Iterator[AudioApi]:
    with AudioApi() as server:
        settings.TRANSCRIPTION_URL = f"{server.url}/v1"
        settings.TRANSCRIPTION_API_KEY = KEY
        yield server


@pytest.fixture
def speak(api, listeners, chat):
    api.files = {"v1": b"OggS..."}

    def say(**message):
        listeners.start()
        api.say(voice={"file_id": "v1", "file_unique_id": "v1", "duration": 2, "mime_type": "audio/ogg"}, **message)
        return until(lambda: Attachment.objects.exclude(state="pending").first())

    return say


def prompt() -> str:
    composed = prompts.compose(until(Run.objects.first))
    assert composed
    return composed.text


def test_a_voice_message_reaches_the_agent_in_words(audio, speak):
    spoken = speak(caption="@Andy")

    assert "<transcript>Andy, what is on the list?</transcript>" in prompt()
    assert (spoken.transcript, spoken.error) == (audio.said, "")
    (call,) = audio.calls_of("transcriptions")
    assert call.body == {"model": "whisper-1", "response_format": "json"}
    assert call.files[0][1] == b"OggS..."


def test_a_spoken_trigger_calls(audio, speak, chat):
    chat.group.trigger = "Andy"
    chat.group.save()

    speak()

    assert until(Run.objects.first)


def test_other_spoken_words_do_not_call(audio, speak):
    audio.said = "See you tomorrow"

    assert speak().transcript == "See you tomorrow"
    assert not Message.objects.get().calls_agent
    assert not Run.objects.exists()


def test_without_an_endpoint_the_agent_is_told_so(speak):
    assert speak(caption="@Andy").transcript == ""
    assert 'transcript="none: no transcription is set up here"' in prompt()


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (Answer(401), "refuses the key"),
        (Answer(500), "answered 500"),
        (Answer(200, {"words": "?"}), "no transcription"),
        (Hang(300), "No answer within 1 s"),
    ],
)
def test_an_endpoint_that_fails_costs_only_the_words(audio, speak, settings, trouble, why):
    settings.TRANSCRIPTION_TIMEOUT = 1.0 if isinstance(trouble, Hang) else 60.0
    audio.keep_failing("transcriptions", trouble)

    spoken = speak(caption="@Andy")

    assert (spoken.state, spoken.transcript) == ("ready", "")
    assert why in spoken.error
    assert KEY not in spoken.error
    assert why in prompt()


def test_an_endpoint_that_is_not_there_costs_only_the_words(audio, speak):
    audio.stop()

    assert "cannot be reached" in speak(caption="@Andy").error
