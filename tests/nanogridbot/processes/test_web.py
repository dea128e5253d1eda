"""The listening socket of the web process: held by `up`, described for Twisted, and told to people."""

import socket

import pytest

from nanogridbot.processes import web


def test_an_address_that_is_taken_is_refused_with_what_to_do():
    with web.listen("127.0.0.1:0") as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(web.CannotListenError, match=r"Address already in use.*NGB_BIND"):
            web.listen(bind)


def test_an_address_that_is_not_this_machines_is_refused():
    with pytest.raises(web.CannotListenError, match=r"192\.0\.2\.1:8000 cannot be listened on"):
        web.listen("192.0.2.1:8000")


def test_people_are_told_the_port_that_the_kernel_chose(settings):
    settings.BASE_URL = "http://127.0.0.1:0"
    with web.listen("127.0.0.1:0") as listener:
        assert web.url(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}/"


def test_people_are_told_the_address_that_the_settings_name(settings):
    settings.BASE_URL = "https://bot.example.org"
    with web.listen("127.0.0.1:0") as listener:
        assert web.url(listener) == "https://bot.example.org/"


def test_an_ipv4_socket_is_handed_on_open_and_an_ipv6_one_bound_once_more():
    with web.listen("127.0.0.1:0") as listener:
        assert web._endpoint(listener) == f"fd:fileno={listener.fileno()}"
        assert listener.fileno() >= 0
    six = socket.create_server(("::1", 0), family=socket.AF_INET6)
    port = six.getsockname()[1]
    assert web._endpoint(six) == rf"tcp6:port={port}:interface=\:\:1"
    assert six.fileno() == -1
