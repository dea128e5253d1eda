"""Half-configured things are said before anything starts."""

from django.test import Client

from nanogridbot import checks


def test_https_without_a_proxy_that_is_believed_is_said_for_it_leads_in_circles(settings):
    settings.HTTPS = settings.SECURE_SSL_REDIRECT = True
    browser = Client(headers={"x-forwarded-proto": "https"})
    assert browser.get("/no/page")["Location"] == "https://testserver/no/page"
    assert [found.id for found in checks.proxy_is_believed()] == ["nanogridbot.W003"]

    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert browser.get("/no/page").status_code == 404
    assert checks.proxy_is_believed() == []
