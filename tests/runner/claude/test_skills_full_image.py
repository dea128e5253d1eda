"""The image with a browser, sealed like every other: `container/build.sh --full` makes it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.messages_api import MessagesApi
from tests.runner.host import Host
from tests.runner.support import docker, sealed_command, shell

pytestmark = pytest.mark.docker
FULL = "nanogridbot-agent:full"
PAGE = "<p id=p>loading</p><script>document.getElementById('p').textContent = 6 * 7</script>"


@pytest.fixture
def full(engine: None, tmp_path: Path, api: MessagesApi) -> Iterator[Host]:
    if docker("image", "inspect", FULL).returncode != 0:
        pytest.skip(f"skipped because Docker is missing the image {FULL} (container/build.sh --full)")
    with Host(sealed_command(tmp_path, FULL), upstream=api.url) as host:
        yield host


def test_a_page_is_read_and_pictured_as_a_browser_shows_it(full: Host, api: MessagesApi, tmp_path: Path) -> None:
    (tmp_path / "group" / "page.html").write_text(PAGE)
    address = "file:///workspace/group/page.html"
    out = shell(full, api, f"browse {address} && browse --picture page.png {address} && echo done")
    assert '<p id="p">42</p>' in out
    assert "done" in out
    assert (tmp_path / "group" / "page.png").read_bytes().startswith(b"\x89PNG")


def test_the_ordinary_image_has_no_browser(sealed: Host, api: MessagesApi) -> None:
    assert "none here" in shell(sealed, api, "command -v browse chromium || echo none here")
