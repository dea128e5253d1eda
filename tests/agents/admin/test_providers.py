"""Providers at the operator's desk: keys go in and never come out, mistakes are said in words."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from apps.agents.models import ModelProvider
from apps.agents.providers import pool
from tests.fakes.messages_api import Failure, MessagesApi

KEY = "sk-ant-very-secret-key"
PAGE = "/admin/agents/modelprovider/"


@pytest.fixture
def provider(transactional_db: None, api: MessagesApi) -> ModelProvider:
    return ModelProvider.objects.create(name="first", base_url=api.url, credentials={"key": KEY})


def form(**more: str) -> dict[str, str]:
    plain = {"name": "first", "enabled": "on", "order": "1", "base_url": "https://host/api/", "key_kind": "bearer"}
    return plain | {"key": KEY, "model_names": "{}", "prices": "{}"} | more


def test_a_provider_is_added_and_its_key_is_kept_encrypted(desk):
    assert desk.post(f"{PAGE}add/", form()).status_code == 302

    row = ModelProvider.objects.get()
    assert (row.key(), row.base_url, row.key_kind) == (KEY, "https://host/api", "bearer")
    assert [known.name for known in _known()] == ["first"]


def _known() -> list[pool.Provider]:
    pool.refresh()
    return pool.enabled()


def test_the_key_is_never_shown_and_stays_when_left_empty(desk, provider):
    page = f"{PAGE}{provider.pk}/change/"
    shown = desk.get(PAGE).text + desk.get(page).text + desk.post(page, form(name="", key="sk-typed-just-now")).text
    assert desk.post(page, form(key="", name="renamed")).status_code == 302

    provider.refresh_from_db()
    assert (provider.name, provider.key()) == ("renamed", KEY)
    assert KEY not in shown
    assert "sk-typed-just-now" not in shown
    assert "A key is set" in shown


def test_who_may_only_look_sees_a_provider_without_its_key(provider):
    viewer, browser = User.objects.create_user("viewer", is_staff=True), Client()
    viewer.user_permissions.add(Permission.objects.get(codename="view_modelprovider"))
    browser.force_login(viewer)

    shown = browser.get(f"{PAGE}{provider.pk}/change/").text

    assert provider.base_url in shown
    assert KEY not in shown


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("key", "", "A key is needed"),
        ("key", "schlüssel", "plain letters"),
        ("base_url", "host:4000", "An address such as"),
        ("base_url", "https://user@host", "An address such as"),
        ("prices", '{"claude": {"input": 3}}', "no price for “output”"),
        ("prices", "{", "Enter a valid JSON"),
        ("model_names", '{"a": 3}', "A JSON object of names is expected"),
        ("max_output_tokens", "100", "greater than or equal to 2000"),
    ],
)
def test_a_mistake_is_said_in_words_and_nothing_is_stored(desk, field, value, sentence):
    response = desk.post(f"{PAGE}add/", form(**{field: value}))

    assert sentence in response.text
    assert not ModelProvider.objects.exists()


def test_a_provider_s_output_has_a_limit_or_none(desk):
    desk.post(f"{PAGE}add/", form(max_output_tokens="16000"))
    desk.post(f"{PAGE}add/", form(name="second", max_output_tokens=""))

    assert [(known.name, known.max_output_tokens) for known in _known()] == [("first", 16000), ("second", None)]


def test_an_address_without_a_domain_is_good(desk):
    assert desk.post(f"{PAGE}add/", form(base_url="http://litellm:4000")).status_code == 302


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (None, "It answers: claude-sonnet-4-5."),
        (Failure(401, f"invalid key {KEY}"), "Check the key of the provider first in the admin."),
        (Failure(404, "model not found"), "is not there, or has no model claude-sonnet-4-5: The model refused"),
        (Failure(529, "full"), "The model refused: full."),
    ],
)
def test_the_test_says_what_is_wrong(desk, provider, api, settings, reply, sentence):
    settings.MODEL = "claude-sonnet-4-5"
    api.answer = lambda _request: None
    api.reply_to = lambda request: reply or type(api).reply_to(api, request)

    shown = desk.post(f"{PAGE}{provider.pk}/test/", follow=True).text

    assert sentence in shown
    assert KEY not in shown
    assert api.requests[0].body["max_tokens"] == 16


def test_the_test_of_an_address_where_nobody_is(desk, provider):
    ModelProvider.objects.update(base_url="http://127.0.0.1:9")

    shown = desk.post(PAGE, {"action": "test_selected", "_selected_action": provider.pk}, follow=True).text
    assert "cannot be reached" in shown


def test_only_ten_are_tested_at_once_and_the_others_are_not_passed_over_in_silence(desk, provider):
    ModelProvider.objects.update(base_url="http://127.0.0.1:9")
    for number in range(10):
        ModelProvider.objects.create(name=f"more {number}", base_url="http://127.0.0.1:9")
    every = list(ModelProvider.objects.values_list("pk", flat=True))

    eleven = desk.post(PAGE, {"action": "test_selected", "_selected_action": every}, follow=True).text
    ten = desk.post(PAGE, {"action": "test_selected", "_selected_action": every[1:]}, follow=True).text

    assert "Only the first 10 were tested." in eleven
    assert "Only the first" not in ten


def test_a_look_is_no_test(desk, provider, api):
    assert desk.get(f"{PAGE}{provider.pk}/test/").status_code == 405
    assert api.requests == []


def test_a_resting_provider_is_shown_and_woken_up(desk, provider):
    for _ in range(3):
        provider.count_failure("HTTP 529")
    assert "resting" in desk.get(PAGE).text

    shown = desk.post(PAGE, {"action": "wake_up", "_selected_action": provider.pk}, follow=True).text

    provider.refresh_from_db()
    assert (provider.is_resting, provider.failures) == (False, 0)
    assert "1 provider is asked again." in shown


def test_without_rows_it_is_said_who_serves(desk, settings):
    assert "the demo agent answers" in desk.get(PAGE).text
    settings.ANTHROPIC_API_KEY = KEY
    shown = desk.get(PAGE).text
    assert "The key in the environment serves, at https://api.anthropic.com" in shown
    assert KEY not in shown


def test_a_group_has_its_provider_and_its_budgets_on_its_page(desk, group, provider):
    page = desk.get(f"/admin/chats/group/{group.pk}/change/").text

    assert all(f'name="{name}"' in page for name in ("provider", "daily_budget_usd", "run_budget_usd", "max_turns"))


def test_a_group_s_page_proposes_models(desk, group, provider):
    ModelProvider.objects.update(
        model_names={"claude-sonnet-5-5": "x"}, prices={"house-model": {"input": 1, "output": 1}}
    )
    group.model = "own-choice"
    group.save()

    page = desk.get(f"/admin/chats/group/{group.pk}/change/").text

    assert '<option value="house-model">' in page
    assert '<option value="claude-sonnet-5-5">' in page
    assert 'value="own-choice"' in page
