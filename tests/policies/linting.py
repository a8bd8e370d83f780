"""Policy documents put through cfn-lint, in one process and with its rules loaded once.

It knows the grammar of policies of identities (E3510), resources (E3512), ECR repositories (E3513) and roles' trust
(E3530), all actions of AWS (W3037), and whether an action and a resource go together (I3510). It looks into documents
that stand in a template, and there only into those of types that it knows; `_HOMES` says what that means for each kind.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cfnlint.config import ConfigMixIn  # type: ignore[import-untyped]  # cfn-lint says no types
from cfnlint.rules import RulesCollection  # type: ignore[import-untyped]  # as above
from cfnlint.runner import Runner, run_template_by_data  # type: ignore[import-untyped]  # as above


class Kind(StrEnum):
    """What a document is attached to."""

    IDENTITY = "identity"
    TRUST = "trust"
    REPOSITORY = "repository"
    REGISTRY = "registry"
    KEY = "key"
    TOPIC = "topic"
    ENDPOINT = "endpoint"


@dataclass(frozen=True)
class _Home:
    """The resource of a template that a document stands in."""

    type: str
    property: str
    others: Mapping[str, object]


_KEY = _Home("AWS::KMS::Key", "KeyPolicy", {})
_HOMES = {
    Kind.IDENTITY: _Home("AWS::IAM::ManagedPolicy", "PolicyDocument", {}),
    Kind.TRUST: _Home("AWS::IAM::Role", "AssumeRolePolicyDocument", {}),
    Kind.REPOSITORY: _Home("AWS::ECR::Repository", "RepositoryPolicyText", {}),
    Kind.KEY: _KEY,
    Kind.TOPIC: _Home("AWS::SNS::TopicPolicy", "PolicyDocument", {"Topics": ["arn:aws:sns:eu-west-1:123456789012:t"]}),
    # cfn-lint doesn't look into AWS::ECR::RegistryPolicy and AWS::EC2::VPCEndpoint. Their documents have the grammar of
    # a key's: a principal, actions of any service, and a resource.
    Kind.REGISTRY: _KEY,
    Kind.ENDPOINT: _KEY,
}


def lint(document: Mapping[str, object], kind: Kind) -> list[str]:
    """What cfn-lint says about the document, a line each; nothing is how it must be."""
    home = _HOMES[kind]
    config, rules = _linter()
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        # Retained, because that is what cfn-lint wants of a key; it has nothing to do with policies.
        "Resources": {
            "Linted": {
                "Type": home.type,
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Properties": {home.property: _copied(document), **home.others},
            }
        },
    }
    return sorted({f"{match.rule.id}: {match.message}" for match in run_template_by_data(template, config, rules)})


@functools.cache
def _linter() -> tuple[ConfigMixIn, RulesCollection]:
    config = ConfigMixIn(regions=["eu-west-1"], include_checks=["I"])
    return config, Runner(config).rules


def _copied(document: object) -> object:
    """Plain dictionaries and lists, which cfn-lint may walk over and change."""
    if isinstance(document, Mapping):
        return {key: _copied(value) for key, value in document.items()}
    return [_copied(item) for item in document] if isinstance(document, list) else document
