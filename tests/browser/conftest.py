"""A real web server, a real Redis and a real Chromium; only the agent is played."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from nanogridbot.processes import embedded_redis
from tests.browser.support import PASSWORD, PATIENCE_S, SETUP, Site
from tests.environment import free_port, lay_tables

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
expect.set_options(timeout=PATIENCE_S * 1000)


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"), free_port())
    lay_tables(site.data)
    site.python("manage.py", "shell", "-v0", "-c", SETUP)
    site.processes["redis"] = embedded_redis.start(site.data / "run" / "redis.sock", PATIENCE_S)
    site.start_web()
    site.start("worker", "-m", "tests.browser.played_worker")
    yield site
    for name in reversed(list(site.processes)):  # Redis last
        site.stop(name)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """For this folder only: playwright keeps a loop running in the thread, where others need their own."""
    if not CHROMIUM.exists():
        pytest.skip("skipped because Chromium is missing")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=2 * PATIENCE_S * 1000)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def cookies(site: Site, chromium: Browser) -> Any:
    """What a person's browser keeps after signing in on the page."""
    context = chromium.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    page.goto(f"{site.url}/chat/main/")
    page.fill("[name=username]", "lena")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#room")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def held(site: Site) -> Iterator[Path]:
    """As long as this file is there, the agent goes on working when it has said everything."""
    file = site.data / "held"
    file.touch()
    yield file
    file.unlink(missing_ok=True)


@pytest.fixture
def visit(site: Site, chromium: Browser, cookies: Any) -> Iterator[Any]:
    """Opens a page of the site in a browser of its own; errors on its console fail the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(path: str = "/chat/main/", *, loud: bool = True, **options: Any) -> Page:
        context = chromium.new_context(
            storage_state=cookies, **{"locale": "en-GB", "reduced_motion": "reduce"} | options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        if loud:
            page.on("console", lambda message: complaints.extend([message.text] if message.type == "error" else []))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{site.url}{path}")
        if path.removeprefix("/chat/") not in (path, ""):
            page.wait_for_selector("#room[data-connection=open]")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
