"""The `access` key of a stack's configuration: who may pull from the repository and push to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ecr import regions
from ecr.access import names, principals, repository_policy
from ecr.access.principals import Access, Principals, PullPrincipals, Service, account_of
from ecr.config_reader import Section, shown
from ecr.reference import SOMEWHERE

# More than a repository policy has room for, of whatever it is: the shortest name takes 15 characters.
_MOST = repository_policy.MAX_LENGTH // 15

_EMPTY = "names nobody; name somebody, or take the key out"


def read_access(top: Section, *, region: str | None = None) -> Access | None:
    """Who a stack lets in; None where it names nobody. Mistakes are noted in the section.

    Args:
        top: the stack's configuration.
        region: of the stack, which functions must be in, and all ARNs in its partition; None where that is not known,
            and then functions must be in one Region with each other, and ARNs in one partition.
    """
    before = top.mistakes
    section = top.section("access")
    if section is None:
        return None
    section.refuse_nulls()
    pull = _section(section, "pull")
    push = _section(section, "push")
    pull_principals = _pull_principals(pull) if pull is not None else PullPrincipals()
    push_principals = _push_principals(push) if push is not None else Principals()
    section.finish()
    if top.mistakes > before:
        return None
    access = Access(pull=pull_principals, push=push_principals)
    partition = regions.PARTITIONS.get(region or "")
    _check_partitions(section, access, partition)
    if top.mistakes == before:
        _check_regions(section, access, region)
    if top.mistakes > before:
        return None
    found = partition or next(repository_policy.partitions(access), "aws")
    place = region or next(repository_policy.function_regions(access), SOMEWHERE.region)
    try:
        # The policy's length depends a little on where the repository is; the exact one is checked when that is known.
        repository_policy.repository_policy(access, partition=found, account=SOMEWHERE.account, region=place)
    except ValueError as error:
        section.wrong("", str(error))
        return None
    return access


def _section(parent: Section, key: str) -> Section | None:
    before = parent.mistakes
    section = parent.section(key)
    if section is None and parent.has(key) and parent.mistakes == before:
        parent.wrong(key, _EMPTY)
    return section


def _push_principals(section: Section) -> Principals:
    found = _principals(section)
    section.finish()
    return found


def _pull_principals(section: Section) -> PullPrincipals:
    found = _principals(section)
    functions = _functions(section)
    services = _services(section)
    section.finish()
    return PullPrincipals(
        accounts=found.accounts,
        roles=found.roles,
        organizations=found.organizations,
        organization_paths=found.organization_paths,
        functions=functions,
        services=services,
    )


def _principals(section: Section) -> Principals:
    """The keys that stand under `pull` and `push` alike."""
    section.refuse_nulls()
    before = section.mistakes
    found = Principals(
        accounts=_names(section, "accounts", names.is_account, names.ACCOUNT_RULE),
        roles=_names(section, "roles", names.is_role_arn, names.ROLE_ARN_RULE),
        organizations=_names(section, "organizations", names.is_organization, names.ORGANIZATION_RULE),
        organization_paths=_names(
            section, "organizationPaths", names.is_organization_path, names.ORGANIZATION_PATH_RULE
        ),
    )
    if section.mistakes == before:  # of values that were read well, each is where it was written
        _check_overlaps(section, found)
    return found


def _names(section: Section, key: str, accept: Callable[[str], bool], rule: str) -> tuple[str, ...]:
    found = section.names(key, accept, rule)
    _check_number(section, key, len(found))
    return found


def _check_number(section: Section, key: str, number: int) -> None:
    """Refuse what is too much before each is compared with each of the others."""
    if number > _MOST:
        room = f"no repository policy has room for: ECR accepts {repository_policy.MAX_LENGTH} characters"
        section.wrong(key, f"has {number} entries, which {room}; name fewer")


def _functions(section: Section) -> tuple[str, ...]:
    before = section.mistakes
    functions = _names(section, "lambda", principals.is_function, principals.FUNCTION_RULE)
    if section.mistakes == before:
        for index, function in enumerate(functions):
            if not names.is_account(function) and account_of(function) in functions:
                _covered(section, f"lambda[{index}]", function, f"account {account_of(function)}", "lambda")
    return functions


def _services(section: Section) -> tuple[Service, ...]:
    before = section.mistakes
    found = tuple(service for entry in section.objects("services") if (service := _service(entry)) is not None)
    _check_number(section, "services", len(found))
    if section.mistakes == before:
        for index, service in enumerate(found):
            others = [other for at, other in enumerate(found) if at != index and other.covers(service)]
            # Of two that are equal, the later one is too much.
            if any(other != service or found.index(service) < index for other in others):
                section.wrong(f"services[{index}]", "is covered by another entry already; take one of them out")
    return found


def _service(section: Section) -> Service | None:
    before = section.mistakes
    section.refuse_nulls()
    service = section.required_text(
        "service", principals.is_service, _service_rule(), example="codebuild.amazonaws.com"
    )
    account = section.text("sourceAccount", names.is_account, names.ACCOUNT_RULE)
    arn = section.text("sourceArn", principals.is_source_arn, principals.SOURCE_ARN_RULE)
    section.finish()
    if section.mistakes > before:
        return None
    try:
        return Service(service=service, source_account=account, source_arn=arn)
    except ValueError as error:
        section.wrong("", str(error))
    return None


def _service_rule() -> str:
    return f"{principals.SERVICE_RULE}; functions are named under lambda"


def _check_overlaps(section: Section, found: Principals) -> None:
    """Refuse what another entry lets in anyway: whoever takes one of the two out would think that it is gone."""
    for index, role in enumerate(found.roles):
        if account_of(role) in found.accounts:
            _covered(section, f"roles[{index}]", role, f"account {account_of(role)}", "accounts")
    for index, path in enumerate(found.organization_paths):
        organization = path.partition("/")[0]
        if organization in found.organizations:
            _covered(section, f"organizationPaths[{index}]", path, f"organization {organization}", "organizations")
        wider = [other for other in found.organization_paths if other != path and _is_below(path, other)]
        if wider:
            _covered(section, f"organizationPaths[{index}]", path, wider[0], "organizationPaths")


def _is_below(path: str, other: str) -> bool:
    return other.endswith("*") and path.startswith(other.removesuffix("*"))


def _covered(section: Section, key: str, text: str, wider: str, where: str) -> None:
    section.wrong(key, f"{shown(text)} is in {wider}, which is under {where}; take one of the two out")


def _check_partitions(section: Section, access: Access, partition: str | None) -> None:
    found = _arns(access)
    wanted = partition or next((principals.partition_of(arn) for arn in found.values()), None)
    where = "the stack's Region is in" if partition else "the others are in"
    for key, arn in found.items():
        if principals.partition_of(arn) != wanted:
            section.wrong(key, f"{shown(arn)} is in another partition; accepted: an ARN of {wanted}, which {where}")
    for index, service in enumerate(access.pull.services):
        if service.partition is not None and wanted not in (None, service.partition):
            problem = f"{shown(service.service)} is a service of {service.partition}, not of {wanted}; leave out .cn"
            section.wrong(f"pull.services[{index}].service", problem)


def _check_regions(section: Section, access: Access, region: str | None) -> None:
    wanted = region or next(repository_policy.function_regions(access), None)
    where = "the stack's" if region else "that of the others"
    for index, function in enumerate(access.pull.functions):
        if not names.is_account(function) and principals.region_of(function) != wanted:
            problem = f"{shown(function)} is in another Region; accepted: a function in {wanted}, {where}"
            section.wrong(f"pull.lambda[{index}]", problem)


def _arns(access: Access) -> Mapping[str, str]:
    """Key below `access` -> the ARN that stands there."""
    return {
        **_indexed("pull.roles", access.pull.roles),
        **{key: arn for key, arn in _indexed("pull.lambda", access.pull.functions).items() if ":" in arn},
        **{
            f"pull.services[{index}].sourceArn": service.source_arn
            for index, service in enumerate(access.pull.services)
            if service.source_arn is not None
        },
        **_indexed("push.roles", access.push.roles),
    }


def _indexed(key: str, texts: Sequence[str]) -> Mapping[str, str]:
    return {f"{key}[{index}]": text for index, text in enumerate(texts)}
