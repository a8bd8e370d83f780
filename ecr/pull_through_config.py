"""The `registry.pullThroughCache` list of a stack's configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ecr.config_reader import Section
from ecr.registry import pull_through
from ecr.registry.pull_through import PullThroughCacheRule
from ecr.registry.upstreams import SECRET_RULE, UPSTREAM_RULE, Upstream

KEY = "pullThroughCache"


def read_pull_through(
    registry: Section, *, region: str | None = None, account: str | None = None
) -> tuple[PullThroughCacheRule, ...]:
    """The pull through cache rules of a registry; none where the key is absent.

    Keys of a rule: `prefix` and `upstream`; `credentials`, the ARN of a secret; for another ECR registry `role`, which
    is `make` or the ARN of a role; and `upstreamPrefix`. Mistakes are noted in the section, and what is handed out then
    is of no use.

    Args:
        registry: the `registry` section.
        region: the registry's own Region, None while it is not known: then less can be refused.
        account: likewise its account.
    """
    rules, places = [], []
    for place, section, values in entries(registry, KEY):
        if (rule := _rule(section, values)) is not None:
            rules.append(rule)
            places.append(place)
    for problem in pull_through.problems(rules, region=region, account=account):
        registry.wrong(KEY + moved(problem.path, places), problem.reason)
    return tuple(rules)


def entries(registry: Section, key: str) -> Iterator[tuple[int, Section, Mapping[str, object]]]:
    """The objects of the list under `key`: their places, and each also as it stands there; an empty list is wrong."""
    before = registry.mistakes
    items = registry.items(key)
    if registry.has(key) and not items and registry.mistakes == before:
        registry.wrong(key, "is empty; give it a value, or take the key out")
    sections = iter(registry.sections(key) if items else ())
    yield from ((place, next(sections), item) for place, item in enumerate(items) if isinstance(item, dict))


def moved(path: str, places: list[int]) -> str:
    """The path of a problem with one of the entries that could be read, in the list of all entries."""
    if not path:
        return path
    index, _, rest = path.removeprefix("[").partition("]")
    return f"[{places[int(index)]}]{rest}"


def required(section: Section, values: Mapping[str, object], key: str, rule: str, *, example: str) -> str:
    """The text under `key`, whatever it is; '' for none. Of one without a value, `refuse_nulls` has told already."""
    if key in values and values[key] is None:
        return ""
    return section.required_text(key, bool, rule, example=example)


def _rule(section: Section, values: Mapping[str, object]) -> PullThroughCacheRule | None:
    before = section.mistakes
    section.refuse_nulls()
    prefix = required(section, values, "prefix", pull_through.PREFIX_RULE, example="docker-hub")
    name = required(section, values, "upstream", UPSTREAM_RULE, example="docker-hub")
    credentials = _credentials(section, values)
    role = section.text("role", bool, pull_through.ROLE_RULE)
    upstream_prefix = section.text("upstreamPrefix", bool, pull_through.UPSTREAM_PREFIX_RULE)
    section.finish()
    upstream = _upstream(section, name) if name else None
    if upstream is None or section.mistakes > before:
        return None
    return PullThroughCacheRule(
        prefix=prefix, upstream=upstream, credentials=credentials, role=role, upstream_prefix=upstream_prefix
    )


def _credentials(section: Section, values: Mapping[str, object]) -> str | None:
    """The text under `credentials`, which no message may hold: it might be what should be in the secret."""
    value = values.get("credentials")
    if not section.has("credentials") or isinstance(value, str):
        return value if isinstance(value, str) else None
    section.wrong("credentials", f"is not a text; accepted: {SECRET_RULE}")
    return None


def _upstream(section: Section, name: str) -> Upstream | None:
    try:
        return Upstream.parse(name)
    except ValueError as error:
        section.wrong("upstream", str(error))
    return None
