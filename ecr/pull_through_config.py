"""The `registry.pullThroughCache` list of a stack's configuration."""

from __future__ import annotations

from ecr.config_reader import Section
from ecr.registry import pull_through
from ecr.registry.pull_through import PullThroughCacheRule
from ecr.registry.upstreams import SECRET_RULE, UPSTREAM_RULE, SecretArn, Upstream


def read_pull_through(registry: Section) -> tuple[PullThroughCacheRule, ...]:
    """The pull through cache rules of a registry; none where the key is absent.

    Keys of a rule: `prefix` and `upstream`; `credentials`, the ARN of a secret; for another ECR registry `role`, which
    is `make` or the ARN of a role; and `upstreamPrefix`. Mistakes are noted in the section, and what is handed out then
    is of no use. What the rules say together is for `pull_through.problems`.
    """
    sections = registry.objects("pullThroughCache", secret=True)
    return tuple(rule for section in sections if (rule := _rule(section)) is not None)


def _rule(section: Section) -> PullThroughCacheRule | None:
    section.refuse_nulls()
    prefix = section.required_text("prefix", pull_through.is_prefix, pull_through.PREFIX_RULE, example="docker-hub")
    name = section.required_text("upstream", bool, UPSTREAM_RULE, example="docker-hub")
    credentials = _credentials(section)
    role = section.text("role", pull_through.is_role, pull_through.ROLE_RULE)
    upstream_prefix = section.text("upstreamPrefix", pull_through.is_upstream_prefix, pull_through.UPSTREAM_PREFIX_RULE)
    section.finish()
    upstream = _upstream(section, name) if name else None
    if upstream is None:
        return None
    return PullThroughCacheRule(
        prefix=prefix, upstream=upstream, credentials=credentials, role=role, upstream_prefix=upstream_prefix
    )


def _credentials(section: Section) -> str | None:
    """The text under `credentials`, which no message may hold: it might be what should be in the secret."""
    value = section.value("credentials")
    if value is None:
        return None
    if not isinstance(value, str):
        section.wrong("credentials", f"is not a text; accepted: {SECRET_RULE}")
        return None
    try:
        SecretArn.parse(value)
    except ValueError as error:
        section.wrong("credentials", str(error))
    return value


def _upstream(section: Section, name: str) -> Upstream | None:
    try:
        return Upstream.parse(name)
    except ValueError as error:
        section.wrong("upstream", str(error))
    return None
