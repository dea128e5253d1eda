"""What may stand in a group's fields about its container, on the model and in the admin's form."""

import pytest
from django.core.exceptions import ValidationError

from apps.chats.fields import containers
from apps.chats.services import create_group

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["LANG", "_x", "MY_VAR2", "EDITOR", "PROXY"])
def test_variables_that_a_group_may_set(name):
    assert containers.variable_problem(name, "value") == ""


@pytest.mark.parametrize(
    "name",
    ["", "2X", "A-B", "A B", "A=B", "É", "x" * 65, "A\n", 5, None, "PATH", "path", "HOME", "TZ", "LD_PRELOAD",
     "ld_library_path", "HTTP_PROXY", "https_proxy", "NO_PROXY", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL",
     "CLAUDE_CONFIG_DIR", "NGB_EGRESS", "BASH_ENV", "NODE_OPTIONS", "PYTHONPATH"],
)  # fmt: skip
def test_and_those_that_it_may_not(name):
    assert containers.variable_problem(name, "value")


@pytest.mark.parametrize("value", [5, None, ["a"], "x" * 4097, "a\0b", "a\nb"])
def test_values_that_are_refused(value):
    assert containers.variable_problem("NAME", value)


@pytest.mark.parametrize("env", [None, [], "A=b", {"PATH": "/tmp"}, {5: "x"}])
def test_of_whatever_stands_in_the_row_only_the_good_is_used(env):
    assert containers.usable_env(env) == {}
    assert containers.usable_env({"GOOD": "1", "LD_PRELOAD": "x"}) == {"GOOD": "1"}


@pytest.mark.parametrize(
    ("env", "suspects"),
    [
        ({"API_KEY": "x"}, ["API_KEY"]), ({"DB_PASSWORD": "x"}, ["DB_PASSWORD"]),
        ({"X": "sk-ant-api03-abcdefgh"}, ["X"]),
        ({"X": "a1" * 20}, ["X"]), ({"LANG": "C.UTF-8", "EMPTY_TOKEN": "", "URL": "https://example.org/a/b"}, []),
    ],
)  # fmt: skip
def test_values_that_look_like_secrets_are_noticed(env, suspects):
    assert containers.likely_secrets(env) == suspects


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"env": {"PATH": "/"}}, "PATH is not a group's to set"), ({"env": ["x"]}, "An object is expected"),
        ({"allowed_domains": ["https://pypi.org"]}, "leave out https://"), ({"allowed_domains": ["*"]}, "no host name"),
        ({"allowed_domains": "pypi.org"}, "A list of names"), ({"mounts": {"host": "/x"}}, "A list is expected"),
        ({"mounts": [{"host": "x"}]}, "must be an absolute path"), ({"mounts": ["/x"]}, "Each folder is an object"),
        ({"mounts": [{"host": "/x", "write": "yes"}]}, "true or false"),
        ({"mounts": [{"host": "/x", "rw": True}]}, "“host”"), ({"mounts": [{"host": "/x"}] * 21}, "More than 20"),
        ({"env": {f"A{n}": "" for n in range(51)}}, "More than 50"),
        ({"disk_quota_mb": 1}, "16"), ({"memory_mb": 1}, "256"), ({"cpus": 0}, "0.1"), ({"pids": 1}, "32"),
    ],
)  # fmt: skip
def test_a_group_is_refused_with_a_sentence_at_its_field(fields, sentence):
    with pytest.raises(ValidationError) as refused:
        create_group(folder="team", **fields)
    assert list(refused.value.message_dict) == list(fields)
    assert sentence in str(refused.value.message_dict)


def test_a_group_with_good_fields_is_made():
    group = create_group(
        folder="team", env={"LANG": "C"}, allowed_domains=["*.example.org"], mounts=[{"host": "~/x", "write": True}]
    )
    assert group.pk
