"""Pull through cache rules: what each may say, what they may say together, and the policies of their roles.

Amazon ECR user guide, "Sync an upstream registry with an Amazon ECR private registry", "Setting up permissions for
cross-account ECR to ECR PTC", "Customizing repository prefixes for ECR to ECR pull through cache" and "Amazon ECR
service quotas"; API reference, CreatePullThroughCacheRule.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ecr.access import names
from ecr.access.actions import SIGN_IN
from ecr.access.documents import PolicyDocument, PrincipalType, Statement
from ecr.access.names import RoleArn
from ecr.config_reader import shown
from ecr.problems import Problem, refused
from ecr.reference import EcrHost, Registry, is_written_as_a_name
from ecr.registry.upstreams import SECRET_RULE, SecretArn, Upstream

ROOT = "ROOT"
"""In the place of a prefix: all repositories that no other rule or template is for."""

MAKE = "make"
"""In the place of a role's ARN: have the role made."""

MAX_RULES = 50  # "Pull through cache rules per registry", not adjustable

# "Considerations for using pull through cache rules": creating them isn't supported in these Regions.
UNSUPPORTED_REGIONS = frozenset({"cn-north-1", "cn-northwest-1", "us-gov-east-1", "us-gov-west-1"})

# API reference, CreatePullThroughCacheRule, ecrRepositoryPrefix and upstreamRepositoryPrefix; without the '/' that may
# stand at the end, and that ECR adds by itself.
_PREFIX_LENGTHS = range(2, 31)
PREFIX_RULE = (
    f"2 to 30 characters as in the name of a repository, such as docker-hub, without '/' at the end; or {ROOT} for all "
    "repositories that no other rule is for"
)
UPSTREAM_PREFIX_RULE = "2 to 30 characters as in the name of a repository, such as team-a, without '/' at the end"
ROLE_RULE = f"{MAKE}, or {names.ROLE_ARN_RULE}"

_SERVICE = "pullthroughcache.ecr.amazonaws.com"

# "Creating a resource policy in the upstream Amazon ECR registry".
FETCH = ("ecr:BatchGetImage", "ecr:BatchImportUpstreamImage", "ecr:GetDownloadUrlForLayer", "ecr:GetImageCopyStatus")
# "Creating an IAM role to define the pull through cache permissions" has these too, and all on every resource.
_STORE = ("ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart")


def is_prefix(text: str) -> bool:
    """Whether ECR accepts `text` as the prefix of a cache's repositories."""
    return text == ROOT or is_upstream_prefix(text)


def is_role(text: str) -> bool:
    """Whether `text` is the ARN of a role, or has one made."""
    return text == MAKE or names.is_role_arn(text)


def is_upstream_prefix(text: str) -> bool:
    """Whether ECR accepts `text` as the prefix of an upstream's repositories; leave it out for all of them."""
    return len(text) in _PREFIX_LENGTHS and is_written_as_a_name(text)


@dataclass(frozen=True, kw_only=True)
class PullThroughCacheRule:
    """One upstream, and the repositories that its images are cached in.

    Attributes:
        prefix: the cache's repositories are `PREFIX/...`, with ROOT all that no other rule is for.
        upstream: where images come from.
        credentials: the ARN of the secret to sign in with; None for upstreams that take none, and where the program
            makes the secret.
        role: the ARN of the role that ECR fetches with from another ECR registry, MAKE to have it made, None for ECR's
            own service-linked role, which reaches registries of the same account.
        upstream_prefix: only repositories `UPSTREAM_PREFIX/...` of the upstream; None for all.
    """

    prefix: str
    upstream: Upstream
    credentials: str | None = None
    role: str | None = None
    upstream_prefix: str | None = None


def problems(
    rules: Sequence[PullThroughCacheRule],
    *,
    made: Collection[str] = (),
    account: str | None = None,
    region: str | None = None,
) -> Iterator[Problem]:
    """What is wrong with the rules, with paths below them.

    Args:
        rules: all rules of the registry.
        made: prefixes of rules whose secrets the program makes.
        account: of the registry, None while it is not known: then less can be told.
        region: likewise its Region.
    """
    yield from (Problem("", reason) for reason in _registry_problems(rules, region))
    if len(rules) > MAX_RULES:
        return  # each is compared with each of the others below
    place = _place(rules, account, region)
    for index, rule in enumerate(rules):
        for key, reason in (
            *_prefix_problems(rule),
            *_credentials_problems(rule, place, made=rule.prefix in made),
            *_role_problems(rule, place),
            *_overlaps(rule.prefix, [other.prefix for other in rules[:index]]),
        ):
            yield Problem(f"[{index}].{key}", reason)
    for prefix in sorted(set(made) - {rule.prefix for rule in rules}):
        yield Problem("", f"has no rule for {shown(prefix)}, for which there are credentials")


@dataclass(frozen=True)
class _Place:
    """Where the registry is. What is not known is taken from the first rule that says it: all must be in one place."""

    account: str | None
    region: str | None
    says_account: str
    says_region: str

    def account_problem(self, account: str) -> str | None:
        if account == self.account:
            return None
        return f"is in account {account}, and {self.says_account} {self.account}; accepted: one in the same account"

    def region_problem(self, region: str) -> str | None:
        if region == self.region:
            return None
        return f"is in {region}, and {self.says_region} {self.region}; accepted: one in the same Region"


def _place(rules: Sequence[PullThroughCacheRule], account: str | None, region: str | None) -> _Place:
    secrets = [secret for rule in rules if (secret := _secret(rule)) is not None]
    roles = [role for rule in rules if (role := _role(rule)) is not None]
    accounts = [*(secret.account for secret in secrets), *(role.account for role in roles), None]
    given, named = "the registry is in", "another rule names"
    return _Place(
        account or accounts[0],
        region or next((secret.region for secret in secrets), None),
        given if account else named,
        given if region else named,
    )


def _secret(rule: PullThroughCacheRule) -> SecretArn | None:
    try:
        return SecretArn.parse(rule.credentials) if rule.credentials is not None else None
    except ValueError:
        return None


def _role(rule: PullThroughCacheRule) -> RoleArn | None:
    try:
        return RoleArn.parse(rule.role) if rule.role not in (None, MAKE) else None
    except ValueError:
        return None


def _registry_problems(rules: Sequence[PullThroughCacheRule], region: str | None) -> Iterator[str]:
    if len(rules) > MAX_RULES:
        yield f"has {len(rules)} rules; ECR accepts up to {MAX_RULES} in a registry"
    if rules and region in UNSUPPORTED_REGIONS:
        yield f"can't be used in {region}: ECR has no pull through cache there"


def _prefix_problems(rule: PullThroughCacheRule) -> Iterator[tuple[str, str]]:
    if not is_prefix(rule.prefix):
        yield "prefix", refused("", rule.prefix, PREFIX_RULE).reason
    if rule.upstream_prefix is None:
        return
    if not is_upstream_prefix(rule.upstream_prefix):
        yield "upstreamPrefix", refused("", rule.upstream_prefix, UPSTREAM_PREFIX_RULE).reason
    if not rule.upstream.takes_prefix:
        yield "upstreamPrefix", "goes with another ECR registry or chainguard as upstream only"
    if rule.prefix == ROOT:
        yield "upstreamPrefix", f"is set and prefix is {ROOT}; ECR maps a prefix of the upstream to a prefix only"


def _credentials_problems(rule: PullThroughCacheRule, place: _Place, *, made: bool) -> Iterator[tuple[str, str]]:
    needed, name = rule.upstream.needs_credentials, rule.upstream.source
    if rule.credentials is None and not made:
        if needed:
            yield "credentials", f"is missing; ECR pulls from {name} with credentials only. Accepted: {SECRET_RULE}"
        return
    if not needed:
        takes = "which takes a role" if rule.upstream.registry else "which ECR pulls from without credentials"
        yield "credentials", f"is set, and upstream is {name}, {takes}; take the key out"
        return
    if rule.credentials is None:
        return
    if made:
        yield "credentials", "names a secret, and credentials are given to make one; accepted: one of the two"
    try:
        secret = SecretArn.parse(rule.credentials)
    except ValueError as error:
        yield "credentials", str(error)
        return
    for reason in (place.region_problem(secret.region), place.account_problem(secret.account)):
        if reason:
            yield "credentials", reason


def _role_problems(rule: PullThroughCacheRule, place: _Place) -> Iterator[tuple[str, str]]:
    registry = rule.upstream.registry
    if registry is None:
        if rule.role is not None:
            yield "role", f"goes with another ECR registry as upstream, not with {rule.upstream.source}"
        return
    if rule.role is None and place.account not in (None, registry.account):
        yield "role", f"is missing; {rule.upstream.host} is in another account, so ECR needs one. Accepted: {ROLE_RULE}"
    if rule.role not in (None, MAKE):
        role = _role(rule)
        reason = place.account_problem(role.account) if role else refused("", rule.role, ROLE_RULE).reason
        if reason:
            yield "role", reason
    if (registry.account, registry.region) == (place.account, place.region):
        yield "upstream", f"{rule.upstream.host} is the registry itself; accepted: one of another account or Region"


def _overlaps(mine: str, others: Sequence[str]) -> Iterator[tuple[str, str]]:
    """ECR's documentation does not say which of two rules a repository would belong to. ROOT is for the rest."""
    for theirs in others:
        if mine == theirs:
            yield "prefix", f"{shown(mine)} is the prefix of another rule too; accepted: a prefix of its own for each"
        elif _nested(mine, theirs):
            both = f"{shown(mine)} overlaps {shown(theirs)} of another rule"
            yield "prefix", f"{both}; accepted: prefixes that none is part of another"


def covers(wider: str, prefix: str) -> bool:
    """Whether all repositories `PREFIX/...` are among those of the wider one."""
    return wider == ROOT or f"{prefix}/".startswith(f"{wider}/")


def _nested(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def role_trust() -> PolicyDocument:
    """Who may take on the role of a rule: ECR's pull through cache.

    Without a condition, because the user guide has none ("Creating a Trust policy for the IAM role") and does not say
    what ECR would send. Another account can't have ECR use the role: a rule takes a role of its own account only (API
    reference, CreatePullThroughCacheRule, customRoleArn), and whoever makes it needs iam:PassRole for it.
    """
    return PolicyDocument(
        (
            Statement(
                sid="PullThroughCache", actions=("sts:AssumeRole",), principals={PrincipalType.SERVICE: (_SERVICE,)}
            ),
        )
    )


def role_permissions(rule: PullThroughCacheRule, *, account: str, region: str, partition: str) -> PolicyDocument:
    """What the role of a rule may do: fetch from the upstream's repositories, and keep images in the cache's own.

    The user guide allows all actions on every resource ("Creating an IAM role to define the pull through cache
    permissions"); the Service Authorization Reference has each but signing in on a repository.

    Raises:
        ValueError: for an upstream that is not another ECR registry.
    """
    cache = EcrHost(account, region)
    return PolicyDocument(
        (
            Statement(sid="SignIn", actions=SIGN_IN, resources=("*",)),
            Statement(
                sid="FetchFromUpstream",
                actions=FETCH,
                resources=(_repositories(_registry(rule), rule.upstream_prefix, partition),),
            ),
            Statement(
                sid="KeepInCache",
                actions=tuple(sorted((*FETCH, *_STORE))),
                resources=(_repositories(cache, rule.prefix, partition),),
            ),
        )
    )


def upstream_policies(
    rules: Sequence[PullThroughCacheRule], *, account: str, partition: str
) -> Mapping[EcrHost, PolicyDocument]:
    """What the registries of other accounts must allow, so that this account can cache their images.

    Each document is for the registry policy of that account and Region, next to what stands there already ("Creating a
    resource policy in the upstream Amazon ECR registry"). Registries of the same account need none.
    """
    wanted: dict[EcrHost, set[str]] = {}
    for rule in rules:
        registry = rule.upstream.registry
        if registry is not None and registry.account != account:
            wanted.setdefault(registry, set()).add(_repositories(registry, rule.upstream_prefix, partition))
    return {
        registry: PolicyDocument(
            (
                Statement(
                    sid=f"PullThroughCacheOf{account}",
                    actions=FETCH,
                    principals={PrincipalType.AWS: (names.account_root(partition, account),)},
                    resources=_widest(resources, _repositories(registry, None, partition)),
                ),
            )
        )
        for registry, resources in sorted(wanted.items(), key=lambda item: (item[0].account, item[0].region))
    }


def _widest(resources: set[str], everything: str) -> tuple[str, ...]:
    return (everything,) if everything in resources else tuple(sorted(resources))


def _registry(rule: PullThroughCacheRule) -> EcrHost:
    registry = rule.upstream.registry
    if registry is None:
        raise ValueError(f"{rule.upstream.source} takes no role")
    return registry


def _repositories(registry: EcrHost, prefix: str | None, partition: str) -> str:
    below = "" if prefix in (None, ROOT) else f"{prefix}/"
    return Registry(partition, registry.region, registry.account).repositories(below)
