from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from policies.rules import catalogue
from policies.rules.levels import problems
from policies.rules.values import Resource

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted((ROOT / "policies" / "levels").glob("*.json"))

GOOD = {
    "nothing": "{}",
    "all": '{"all": "mandatory"}',
    "one": '{"all": "mandatory", "scanning": "disabled"}',
    "settings": '{"immutable-tags": {"enforcementLevel": "advisory", "except": ["dev/*"]}}',
    "all, the long way": '{"all": {"enforcementLevel": "advisory"}}',
}
BAD = {
    "not JSON": ("{", "is not JSON: "),
    "a list": ("[]", "has to be an object"),
    "twice": ('{"all": "mandatory", "all": "disabled"}', "has the key 'all' twice: write each key once"),
    "a setting twice": ('{"scanning": {"except": ["a"], "except": []}}', "has the key 'except' twice"),
    "misspelt policy": ('{"imutable-tags": "mandatory"}', "imutable-tags: there is no such policy; there are: all, "),
    "misspelt setting": ('{"scanning": {"exept": []}}', "scanning: there is no setting exept; there are: enforcement"),
    "setting of another": ('{"scanning": {"ownKey": true}}', "scanning: there is no setting ownKey"),
    "setting of all": ('{"all": {"except": []}}', "all: there is no setting except; there are: enforcementLevel"),
    "no level": ('{"all": "madatory"}', "all: the level is 'madatory'; accepted: advisory, mandatory, disabled"),
    "a level that mends": ('{"all": "remediate"}', "all: the level is 'remediate'"),
    "no text": ('{"all": true}', "all: the level is True"),
    "null": ('{"scanning": null}', "scanning: the level is None"),
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_good_files_pass(text: str) -> None:
    assert list(problems(text)) == []


@pytest.mark.parametrize(("text", "line"), BAD.values(), ids=BAD)
def test_what_the_engine_would_pass_over_is_told(text: str, line: str) -> None:
    [found] = problems(text)
    assert found.startswith(line)


def test_every_stack_has_a_level_file_that_is_right() -> None:
    assert [path.stem for path in FILES] == sorted(path.suffixes[0][1:] for path in ROOT.glob("Pulumi.*.yaml"))
    assert {path.stem: json.loads(path.read_text()) for path in FILES} == {
        "dev": {"all": "advisory"},
        "staging": {"all": "mandatory"},
        "prod": {"all": "mandatory"},
    }


def test_names_of_policies_are_a_contract() -> None:
    assert {name: sorted(policy.settings) for name, policy in catalogue.ALL.items()} == {
        "immutable-tags": ["except"],
        "scanning": ["byRegistry", "except"],
        "encryption": ["except", "ownKey", "types"],
        "no-public-principal": ["except"],
        "image-digests": ["except"],
        "lifecycle-policy": ["except"],
    }


def test_rules_need_nothing_but_python() -> None:
    probe = (
        "import sys; before = set(sys.modules); sys.path.insert(0, 'policies'); import rules.catalogue, rules.levels; "
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}; "
        "sys.exit(sorted(new - sys.stdlib_module_names - {'rules'}) or 0)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", probe], cwd=ROOT, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_policy_is_explained() -> None:
    readme = (ROOT / "policies" / "README.md").read_text()
    for name, policy in catalogue.ALL.items():
        assert f"| `{name}` |" in readme
        assert all(f"`{setting}`" in readme for setting in policy.settings)


@pytest.mark.parametrize("policy", catalogue.RESOURCE_POLICIES, ids=lambda policy: policy.name)
def test_a_setting_that_there_is_not_is_refused_when_it_would_count(policy: catalogue.ResourcePolicy) -> None:
    resource = Resource(type="kubernetes:core/v1:Pod", name="web", properties={})
    asked = policy if policy.applies(resource.type) else None
    for type_token in ("aws:ecr/repository:Repository", "aws:ecr/repositoryPolicy:RepositoryPolicy"):
        if policy.applies(type_token):
            asked, resource = policy, Resource(type=type_token, name="web", properties={})
    assert asked is policy
    with pytest.raises(ValueError, match=f"policy {policy.name}: there is no setting exept; there are: except"):
        list(policy.check(resource, {"exept": ["*"]}))


@pytest.mark.parametrize(
    ("patterns", "excepted"),
    [
        (["web-repo"], True),
        (["team/web"], True),
        (["team/*"], True),
        (["other", "web-*"], True),
        (["web"], False),
        (["WEB-REPO"], False),
        (["team"], False),
        ([], False),
    ],
    ids=str,
)
def test_resources_are_excepted_by_either_name(patterns: list[str], excepted: bool) -> None:  # noqa: FBT001
    policy = catalogue.RESOURCE_POLICIES[0]
    resource = Resource(type="aws:ecr/repository:Repository", name="web-repo", properties={"name": "team/web"})
    assert (list(policy.check(resource, {"except": patterns})) == []) is excepted
