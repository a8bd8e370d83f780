"""The policy pack, as the engine runs it: hands resources to the rules, and what they say to the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError
from rules import catalogue
from rules.catalogue import ResourcePolicy, StackPolicy
from rules.values import UNKNOWN, Resource, Undecided, Value, Verdict, printable

NAME = "container-registry"
Key = TypeVar("Key")


def plain(value: object) -> Value:
    """A value as rules see it. The SDK's own raises as soon as something that is not known yet is looked at."""
    if isinstance(value, Mapping):
        return {str(key): _known(value.__getitem__, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_known(value.__getitem__, index) for index in range(len(value))]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return UNKNOWN  # an asset or archive: nothing that a rule can tell anything of


def _known(read: Callable[[Key], object], key: Key) -> Value:
    try:
        return plain(read(key))
    except UnknownValueError:
        return UNKNOWN


def _properties(props: Mapping[str, object]) -> dict[str, Value]:
    return {key: _known(props.__getitem__, key) for key in props}


def _stack_resource(given: PolicyResource) -> Resource:
    depends = {key: [one.urn for one in resources] for key, resources in given.property_dependencies.items()}
    properties = _properties(given.props)
    return Resource(type=given.resource_type, name=given.name, properties=properties, urn=given.urn, depends=depends)


def _tell(verdicts: Iterable[Verdict], report: ReportViolation) -> None:
    """Report every violation; then, with the SDK's own warning, the values that could not be looked at."""
    undecided: list[str] = []
    for verdict in verdicts:
        if isinstance(verdict, Undecided):
            undecided.append(printable(verdict.where))
        else:
            report(str(verdict), verdict.urn or None)
    if undecided:
        raise UnknownValueError(UNKNOWN_STRING_VALUE, [" and .".join(undecided)])


def _resource_policy(policy: ResourcePolicy) -> Policy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        resource = Resource(
            type=args.resource_type, name=args.name, urn=args.urn,
            properties=_properties(args.props) if policy.applies(args.resource_type) else {},
        )  # fmt: skip
        _tell(policy.check(resource, _properties(args.get_config())), report)

    return ResourceValidationPolicy(
        name=policy.name,
        description=policy.description,
        validate=validate,
        config_schema=PolicyConfigSchema(properties=policy.settings),
    )


def _stack_policy(policy: StackPolicy) -> Policy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        resources = [_stack_resource(one) for one in args.resources]
        _tell(policy.check(resources, _properties(args.get_config())), report)

    return StackValidationPolicy(
        name=policy.name,
        description=policy.description,
        validate=validate,
        config_schema=PolicyConfigSchema(properties=policy.settings),
    )


if __name__ == "__main__":
    PolicyPack(
        name=NAME,
        # Where no level file says otherwise. A stack that nobody thought of is held to the rules.
        enforcement_level=EnforcementLevel.MANDATORY,
        policies=[
            *(_resource_policy(policy) for policy in catalogue.RESOURCE_POLICIES),
            *(_stack_policy(policy) for policy in catalogue.STACK_POLICIES),
        ],
    )
