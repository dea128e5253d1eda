"""The first minutes of a person with a fresh installation and no key: the real service, nothing played."""

import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.support import PASSWORD, PATIENCE_S, SETUP, Site
from tests.environment import free_port, lay_tables

pytestmark = [pytest.mark.browser, pytest.mark.journey]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path, free_port())
    lay_tables(site.data)
    site.python("manage.py", "shell", "-v0", "-c", SETUP)
    with (tmp_path / "up.log").open("w") as log:
        up = subprocess.Popen([sys.executable, "manage.py", "up"], env=site.environment, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 2 * PATIENCE_S
            while "Ready" not in (tmp_path / "up.log").read_text():
                assert time.monotonic() < deadline, (tmp_path / "up.log").read_text()
                time.sleep(0.1)
            yield site
        finally:
            os.kill(up.pid, signal.SIGINT)
            up.wait(2 * PATIENCE_S)


def test_a_person_signs_in_writes_and_the_demo_answers(service: Site, chromium: Browser):
    page = chromium.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    page.goto(f"{service.url}/")
    page.fill("[name=username]", "lena")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Main", exact=True).click()

    expect(page.locator("#demo")).to_contain_text("This is the demo agent")
    expect(page.locator("#demo")).to_contain_text("ANTHROPIC_API_KEY")
    expect(page.locator("#uncontained")).to_contain_text("without a container")
    word = secrets.token_hex(4)
    page.locator("#writing").fill(f"echo **{word}** `<internal>` <internal>nobody sees this")
    page.keyboard.press("Enter")

    answer = page.locator("#transcript .message.out")
    expect(answer).to_contain_text(word)
    expect(answer.locator("strong")).to_have_text(word)
    expect(answer).not_to_contain_text("nobody sees")
    expect(page.locator("#work")).to_be_empty()

    page.locator("#writing").fill("sleep 30")
    page.keyboard.press("Enter")
    expect(page.locator("#work")).to_contain_text("Andy is working")
    page.locator("#work [data-stop]").click()
    expect(page.locator("#work")).to_have_text(re.compile("Stopped"))
    page.context.close()
