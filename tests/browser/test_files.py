"""Pictures and files on the chat page, chosen, pasted and dropped."""

import base64

import pytest
from playwright.sync_api import expect

from tests.fakes import pictures

pytestmark = pytest.mark.browser

MAKE_FILE = """([name, type, data]) => {
  const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type }));
  return transfer;
}"""


def transfer(page, name, mime, content):
    return page.evaluate_handle(MAKE_FILE, [name, mime, base64.b64encode(content).decode()])


def shown_width(message):
    return message.locator("img").evaluate("(image) => image.decode().then(() => image.naturalWidth)")


def test_a_chosen_picture_and_a_file_are_sent_and_shown(visit, site):
    page = visit()
    page.set_input_files(
        "#files",
        [
            {"name": "garden.png", "mimeType": "image/png", "buffer": pictures.png(640, 400)},
            {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"water the plants"},
        ],
    )
    expect(page.locator("#chosen li")).to_have_text(["garden.png×", "notes.txt×"])
    page.keyboard.type("what do you see?")
    page.keyboard.press("Enter")

    message = page.locator(".message.mine[data-id]", has_text="what do you see?")
    expect(message.locator("a[download]")).to_have_text("notes.txt")
    assert shown_width(message) == 640
    # The reader at the end stays there, however high the picture is.
    at_end = "(at) => at.scrollHeight - at.scrollTop - at.clientHeight < 2"
    page.wait_for_function(at_end, arg=page.query_selector("#scroll"))
    expect(page.locator("#chosen li")).to_have_count(0)
    with page.expect_download() as download:
        message.locator("a[download]").click()
    assert download.value.path().read_bytes() == b"water the plants"


def test_a_pasted_picture_alone_is_a_message(visit):
    page = visit()
    pasted = transfer(page, "image.png", "image/png", pictures.png(32, 32))
    page.evaluate(
        """(data) => document.getElementById("writing").dispatchEvent(
        new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}))""",
        pasted,
    )
    expect(page.locator("#chosen li")).to_contain_text("pasted-")
    page.locator("#writing").press("Enter")

    message = page.locator(".message.mine[data-id]", has=page.locator('img[alt^="pasted-"]'))
    expect(message).to_have_count(1)
    assert shown_width(message) == 32


def test_a_dropped_file_can_be_left_out_again(visit):
    page = visit()
    dropped = transfer(page, "a.txt", "text/plain", b"a")
    page.dispatch_event("#room", "drop", {"dataTransfer": dropped})
    expect(page.locator("#chosen li")).to_have_count(1)

    page.get_by_label("Leave out a.txt").click()

    expect(page.locator("#chosen li")).to_have_count(0)
    expect(page.locator("#writing")).to_be_focused()


def test_a_file_that_is_too_large_is_not_sent_and_said(visit):
    page = visit()
    huge = page.evaluate_handle(
        """() => { const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(26214401)], "film.mp4")); return transfer; }"""
    )
    page.dispatch_event("#room", "drop", {"dataTransfer": huge})

    expect(page.locator("#wrong")).to_have_text("film.mp4 is too large: at most 25 MB are taken.")
    expect(page.locator("#chosen li")).to_have_count(0)


def test_a_phone_shows_files_whole(visit):
    """Nothing stands over the edge of a phone's screen."""
    page = visit(viewport={"width": 360, "height": 640})
    name = f"{'a-very-long-name-' * 8}.txt"
    page.set_input_files(
        "#files",
        [
            {"name": name, "mimeType": "text/plain", "buffer": b"a"},
            {"name": "wide.png", "mimeType": "image/png", "buffer": pictures.png(2000, 300)},
        ],
    )
    expect(page.locator("#chosen li")).to_have_count(2)
    page.locator("#writing").press("Enter")
    message = page.locator(".message.mine[data-id]", has_text="a-very-long-name")
    expect(message.locator("img")).to_be_visible()
    assert shown_width(message) == 2000

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert message.locator("img").bounding_box()["width"] <= 360
