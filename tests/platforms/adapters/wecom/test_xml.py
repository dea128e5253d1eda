"""WeCom's flat XML."""

import pytest

from apps.platforms.adapters.wecom import xml
from apps.platforms.base import PayloadError

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_redis")]


def test_xml_declares_nothing():
    for hostile in (b'<!DOCTYPE x [<!ENTITY a "b">]><x><a>&a;</a></x>', b"<!DOCTYPE x><x/>", b"<x>&lol;</x>"):
        with pytest.raises(PayloadError):
            xml.fields(hostile)
    assert xml.fields(b"<x><a>1<b>no</b>2</a><a>3</a></x>") == {"a": "123"}
