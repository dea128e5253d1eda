"""The chat page as a person has it: typed into, watched, reloaded, cut off."""

import re
import uuid

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.support import PASSWORD

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}


def write(page: Page, text: str = "") -> str:
    """Writes something that nobody wrote before, with the keyboard."""
    text = text or f"hello {uuid.uuid4().hex[:8]}"
    page.locator("#writing").focus()
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    return text


def answer_to(page: Page, text: str):
    return page.locator("#transcript .message.out", has_text=f"You said: {text}")


def test_enter_sends_the_answer_streams_and_the_final_one_takes_its_place(visit, held):
    page = visit()

    text = write(page)

    stream = page.locator("#stream .text")
    expect(stream).to_contain_text(f"You said: **{text}**")  # plain while it is written
    assert not answer_to(page, text).count()
    assert stream.bounding_box()["x"] == page.locator(".title ~ #scroll .transcript").bounding_box()["x"]
    expect(page.locator("#work")).to_contain_text("Andy is working")
    held.unlink()
    expect(answer_to(page, text)).to_contain_text("and that is all.")
    expect(answer_to(page, text).locator("strong")).to_have_text(text)
    expect(page.locator("#stream")).to_be_hidden()
    expect(page.locator("#work")).to_be_empty()
    expect(page.locator(".message.mine", has_text=text)).to_have_count(1)
    expect(page.locator("#writing")).to_have_value("")
    expect(page.locator(".others [aria-current] time")).to_have_text(re.compile(r"\d\d:\d\d"))


def test_what_the_agent_writes_for_itself_never_shows(visit):
    page = visit()
    page.evaluate(
        """() => { window.shown = ""; new MutationObserver(() => { window.shown += document.body.innerText; })
        .observe(document.body, {childList: true, subtree: true, characterData: true}); }"""
    )

    text = write(page)
    expect(answer_to(page, text)).to_have_count(1)

    shown = page.evaluate("window.shown")
    assert "You said" in shown
    assert "secret" not in shown
    assert "internal" not in shown


def test_a_reload_shows_the_same_history(visit):
    page = visit()
    text = write(page)
    expect(answer_to(page, text)).to_have_count(1)

    page.reload()

    expect(page.locator(".message.mine", has_text=text)).to_have_count(1)
    expect(answer_to(page, text)).to_have_count(1)


def test_a_reload_in_the_middle_of_an_answer_goes_on(visit, held):
    page = visit()
    text = write(page, f"reload {uuid.uuid4().hex[:8]}")
    expect(page.locator("#stream")).to_be_visible()

    page.reload()

    expect(page.locator("#work")).to_contain_text("Andy is working")
    held.unlink()
    expect(answer_to(page, text)).to_have_count(1)
    expect(page.locator("#stream")).to_be_hidden()


def test_shift_enter_begins_a_line_and_a_composition_is_not_cut(visit):
    page = visit()
    field = page.locator("#writing")

    field.focus()
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    word = f"two{uuid.uuid4().hex[:8]}"
    page.keyboard.type(word)
    composing = {"key": "Enter", "isComposing": True, "bubbles": True, "cancelable": True}
    page.evaluate(
        "init => document.getElementById('writing').dispatchEvent(new KeyboardEvent('keydown', init))", composing
    )

    expect(field).to_have_value(f"one\n{word}")
    page.keyboard.press("Enter")
    expect(page.locator(".message.mine .text", has_text=f"one\n{word}")).to_have_count(1)
    expect(page.locator("#transcript .message.out", has_text=word)).to_have_count(1)


def test_everything_by_keyboard_alone(visit, held):
    page = visit("/chat/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    main = page.locator("a[href='/chat/main/']")
    while not main.evaluate("link => link === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#writing")).to_be_focused()

    text = write(page, f"keys {uuid.uuid4().hex[:8]}")
    expect(page.locator("#work [data-stop]")).to_be_visible()
    page.keyboard.press("Shift+Tab")
    expect(page.locator("#work [data-stop]")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("#work")).to_have_text(re.compile("Stopped"))
    expect(page.locator("#writing")).to_be_focused()
    expect(page.locator(".message.mine", has_text=text)).to_have_count(1)


def faster_than_the_page(visit, **how) -> tuple[Page, list[Route], str]:
    """Somebody has written while the modules are on their way."""
    page = visit("/chat/", **how)
    late: list[Route] = []
    page.route("**/chat/page*.js", lambda route: late.append(route))  # noqa: PLW0108 - playwright marks what it is given
    with page.expect_request("**/chat/page*.js"):
        page.locator("a[href='/chat/main/']").click()
    text = f"early {uuid.uuid4().hex[:8]}"
    page.locator("#writing").focus()
    page.keyboard.type(text)
    return page, late, text


@pytest.mark.parametrize("how", ["Enter", "Send"])
def test_who_is_faster_than_the_page_is_not_lost(visit, how):
    page, late, text = faster_than_the_page(visit)
    if how == "Enter":
        page.keyboard.press("Enter")
    else:
        page.locator(".send").click()
    expect(page.locator("#writing")).to_have_value("")
    page.locator("#writing").focus()
    page.keyboard.type("a draft")

    late.pop().continue_()

    expect(answer_to(page, text)).to_have_count(1)
    expect(page.locator(".message.mine", has_text=text)).to_have_count(1)
    expect(page.locator("#writing")).to_have_value("a draft")
    assert page.url.endswith("/chat/main/")


def test_where_the_modules_never_come_the_words_stay_and_the_form_sends_them(visit):
    page, late, text = faster_than_the_page(visit, loud=False)
    page.keyboard.press("Enter")
    expect(page.locator("#writing")).to_have_value("")

    late.pop().abort()
    expect(page.locator("#writing")).to_have_value(text)
    with page.expect_navigation():
        page.locator(".send").click()

    page.unroute_all()
    page.goto(page.url.replace("messages/", ""))
    expect(page.locator(".message.mine", has_text=text)).to_have_count(1)
    expect(answer_to(page, text)).to_have_count(1)


def test_a_failed_run_says_why_and_the_next_message_clears_it(visit):
    page = visit()

    write(page, "fail The key was refused.")
    expect(page.locator("#work .trouble")).to_contain_text("The key was refused.")
    text = write(page)

    expect(answer_to(page, text)).to_have_count(1)
    expect(page.locator("#work .trouble")).to_have_count(0)


def test_two_people_see_the_same(visit):
    here, there = visit(), visit()

    text = write(here)

    expect(there.locator(".message", has_text=text).first).to_be_visible()
    expect(answer_to(there, text)).to_have_count(1)


@pytest.fixture(scope="module")
def past(site):
    """The address of a chat with 120 messages."""
    site.python("manage.py", "shell", "-v0", "-c", MANY)
    return "/chat/past/"


def test_older_messages_come_when_they_are_wanted(visit, past):
    page = visit(past)
    expect(page.locator("#transcript > .message")).to_have_count(50)

    for expected in (100, 120):
        page.locator("#scroll").evaluate("box => { box.scrollTop = 0; }")
        expect(page.locator("#transcript > .message")).to_have_count(expected)

    lines = page.locator("#transcript > .message .text").all_inner_texts()
    assert lines == [f"line {number:03}" for number in range(120)]
    expect(page.locator("#older")).to_be_hidden()


def test_who_stays_at_the_top_is_given_the_older_ones_again_and_again(visit, past):
    page = visit(past)

    page.evaluate(STAY_AT_THE_TOP)

    expect(page.locator("#transcript > .message")).to_have_count(120)


STAY_AT_THE_TOP = """() => {
  const box = document.getElementById("scroll");
  const up = () => { box.scrollTop = 0; };
  new MutationObserver(up).observe(document.getElementById("transcript"), {childList: true});
  up();
}"""
MANY = """
from apps.chats.models import Message
from apps.chats.services import create_group, web_chat
chat = web_chat(create_group(folder="past", name="The past"))
Message.objects.bulk_create(
    Message(chat=chat, direction="in", external_id=f"old-{n}", text=f"line {n:03}") for n in range(120)
)
"""


def test_a_lost_connection_keeps_what_is_written_and_sends_it_once(visit):
    page = visit(loud=False)
    page.context.set_offline(True)
    expect(page.locator("#line")).to_contain_text("No connection")

    text = write(page)
    pending = page.locator(".message.pending", has_text=text)
    expect(pending).to_contain_text("Waits for the connection.")
    page.context.set_offline(False)

    expect(answer_to(page, text)).to_have_count(1)
    expect(page.locator(".message.mine", has_text=text)).to_have_count(1)
    expect(page.locator(".message.pending")).to_have_count(0)
    expect(page.locator("#line")).to_be_empty()


def test_a_web_server_that_restarts_loses_nothing(visit, site):
    page = visit(loud=False)
    before = page.evaluate("performance.timeOrigin")
    site.stop("web")
    expect(page.locator("#line")).to_contain_text("No connection")
    text = write(page)
    page.locator("#writing").focus()
    page.keyboard.type("a draft")

    site.start_web()

    expect(answer_to(page, text)).to_have_count(1)
    expect(page.locator(".message.mine", has_text=text)).to_have_count(1)
    expect(page.locator("#writing")).to_have_value("a draft")
    assert page.evaluate("performance.timeOrigin") == before  # the same page, never reloaded
    page.reload()
    expect(page.locator("#writing")).to_have_value("a draft")


def test_an_answer_that_was_lost_on_the_way_is_not_sent_twice(visit):
    """The server stores the message, its answer never arrives, the page sends it again."""
    page = visit(loud=False)
    lost: list[int] = []

    def lose_the_first_answer(route):
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    page.route("**/messages/", lose_the_first_answer)
    text = write(page)

    expect(answer_to(page, text)).to_have_count(1)
    expect(page.locator(".message.mine", has_text=text)).to_have_count(1)
    expect(page.locator(".message.pending")).to_have_count(0)
    assert lost == [201]


def test_who_is_signed_out_is_told_and_loses_nothing(visit, site):
    page = visit(loud=False)
    page.context.clear_cookies(name="sessionid")

    text = write(page)

    expect(page.locator("#line")).to_contain_text("You are signed out.")
    page.locator("#line a").click()
    page.fill("[name=username]", "lena")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    expect(answer_to(page, text)).to_have_count(1)
    expect(page.locator(".message.mine", has_text=text)).to_have_count(1)


def test_a_text_that_is_too_long_is_refused_and_kept(visit):
    page = visit()
    page.locator("#writing").fill("x" * 32_001)

    page.locator(".send").click()

    expect(page.locator("#wrong")).to_contain_text("at most 32000")
    assert len(page.locator("#writing").input_value()) == 32_001


def test_a_phone_has_no_sideways_scrolling(visit):
    page = visit(**PHONE)

    text = write(page, "https://example.org/" + "a-very-long-address/" * 12)
    expect(page.locator(".message.mine", has_text=text[:60]).last).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth") == 360
    box = page.locator(".send").bounding_box()
    assert box["x"] + box["width"] <= 360
    assert box["y"] + box["height"] <= 640
    assert min(box["width"], box["height"]) >= 44
    expect(answer_to(page, text)).to_have_count(1)


@pytest.mark.parametrize("path", ["/", "/chat/", "/chat/main/", "/admin/"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(visit, path, scheme):
    page = visit(path, color_scheme=scheme)

    assert page.evaluate(CONTRAST) >= 7


CONTRAST = """() => {
  const style = getComputedStyle(document.body);
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map((value) => {
      const part = value / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [a, b] = [light(style.color), light(style.backgroundColor)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}"""


def test_the_colours_can_be_chosen_and_are_kept(visit):
    page = visit("/", color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    paper = page.evaluate(ground)

    page.locator("[data-theme-switch]").click()
    page.locator("[data-theme-switch]").click()

    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    dark = page.evaluate(ground)
    page.reload()
    assert paper != dark == page.evaluate(ground)
