"""Names have one form, and rules say which of them a group's agent may reach."""

import pytest

from apps.chats.fields.hosts import BadHostError, normal_host, parse_rule, permitted


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Example.ORG.", "example.org"), ("Bücher.example", "xn--bcher-kva.example"), ("a_b.example", "a_b.example"),
        ("straße.de", "xn--strae-oqa.de"), ("ｅxample。org", "example.org"), ("１２７.0.0.1", "127.0.0.1"),
        ("[2001:DB8::1]", "2001:db8::1"), ("1.1.1.1.", "1.1.1.1"), ("localhost", "localhost"),
    ],
)  # fmt: skip
def test_a_name_has_one_form(said, meant):
    assert normal_host(said) == meant


@pytest.mark.parametrize(
    "said",
    ["", ".", "a..b", "-a.org", "a-.org", "ex ample.org", "a/b", "user@host", "a:80", "127.1", "0x7f.1", "2130706433",
     "0x7f000001", "017700000001", "①２７.1", "x" * 64 + ".org", ".".join(["abc"] * 90), "fe80::1%1", "a\r\nb", "é..b",
     "é" * 1_000_000],
)  # fmt: skip
def test_what_is_no_host_name_is_refused(said):
    with pytest.raises(BadHostError, match="no host name"):
        normal_host(said)


@pytest.mark.parametrize(
    ("rule", "host", "port"),
    [
        ("pypi.org", "pypi.org", 443), ("PyPI.org.", "pypi.org", 80), ("*.example.org", "a.example.org", 443),
        ("*.example.org", "a.b.example.org", 443), ("bücher.example", "xn--bcher-kva.example", 443),
        ("git.example.org:22", "git.example.org", 22), ("1.1.1.1", "1.1.1.1", 443),
        ("[2606:4700::1]:8443", "2606:4700::1", 8443), ("2606:4700::1:1111", "2606:4700::1:1111", 443),
    ],
)  # fmt: skip
def test_a_rule_permits_what_it_names(rule, host, port):
    assert permitted(["other.org", rule], host, port, [80, 443])


@pytest.mark.parametrize(
    ("rule", "host", "port"),
    [
        ("pypi.org", "files.pypi.org", 443), ("pypi.org", "pypi.org.evil.com", 443), ("pypi.org", "xpypi.org", 443),
        ("*.example.org", "example.org", 443), ("*.example.org", "xexample.org", 443), ("pypi.org", "pypi.org", 22),
        ("git.example.org:22", "git.example.org", 443), ("*", "pypi.org", 443), ("", "pypi.org", 443),
        (None, "none", 443), ({"a": 1}, "a", 443),
    ],
)  # fmt: skip
def test_and_nothing_else(rule, host, port):
    assert not permitted([rule], host, port, [80, 443])


@pytest.mark.parametrize(
    "rule",
    ["", "*", "*.org", "*.", "*.1.1.1.1", "a.*.org", "https://pypi.org", "pypi.org/simple", "pypi.org:0",
     "pypi.org:99999", "ann@pypi.org", "a b", "10.0.0.0/8"],
)  # fmt: skip
def test_rules_that_are_refused(rule):
    with pytest.raises(BadHostError):
        parse_rule(rule)
