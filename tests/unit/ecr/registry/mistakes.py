"""Mistakes in the `registry` section of a stack file: (value, path of the key, what the line says)."""

from __future__ import annotations

import pytest

HOME, OWN, OTHER = "eu-west-1", "111111111111", "222222222222"
ROLE = f"arn:aws:iam::{OWN}:role/scanner"


def bad(id_: str, value: object, key: str, *said: str) -> object:
    return pytest.param(value, key, said, id=id_)


def scanning(**changes: object) -> object:
    rules = [{"frequency": "SCAN_ON_PUSH", "repositories": ["*"]}]
    found = {"type": "BASIC", "rules": rules, **changes}
    return {"scanning": {key: value for key, value in found.items() if value != "absent"}}


def scanning_rule(**changes: object) -> object:
    found = {"frequency": "SCAN_ON_PUSH", "repositories": ["*"], **changes}
    return scanning(rules=[{key: value for key, value in found.items() if value != "absent"}])


def rule(*destinations: object, **others: object) -> dict[str, object]:
    return {"destinations": list(destinations), **others}


def replication(*rules: object) -> object:
    return {"replication": list(rules)}


def replicate_from(*sources: object) -> object:
    return {"policy": {"replicateFrom": list(sources)}}


def cache(**changes: object) -> object:
    found = {"prefixes": ["quay"], "roles": [ROLE], **changes}
    return {"policy": {"pullThroughCache": [{key: value for key, value in found.items() if value != "absent"}]}}


CENTRAL = {"region": "eu-central-1"}
MANY_REGIONS = [
    *("af-south-1", "ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2"),
    *("ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ca-central-1", "ca-west-1"),
    *("eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-2", "eu-west-3"),
    *("il-central-1", "me-central-1", "me-south-1", "sa-east-1", "us-east-1", "us-east-2"),
]
ACCOUNT_RULE = "an account ID of 12 digits, in quotes"

BAD = [
    # The section itself.
    bad("text", "basic", "", '"basic" is not accepted; accepted: an object with keys'),
    bad("list", [{"scanning": {"type": "BASIC"}}], "", "an object with keys"),
    bad("unknown-key", {"scaning": {"type": "BASIC"}}, ".scaning", "is not a known key", "scanning"),
    bad("null", {"scanning": None}, ".scanning", "has no value"),
    # Scanning.
    bad("scanning-text", {"scanning": "BASIC"}, ".scanning", "an object with keys"),
    bad("scanning-empty", {"scanning": {}}, ".scanning", "is empty"),
    bad("scanning-without-type", scanning(type="absent"), ".scanning.type", "is missing", "BASIC or ENHANCED"),
    bad("scanning-type", scanning(type="basic"), ".scanning.type", '"basic"', "BASIC or ENHANCED"),
    bad("scanning-type-null", scanning(type=None), ".scanning.type", "has no value"),
    bad("scanning-key", scanning(frequency="MANUAL"), ".scanning.frequency", "is not a known key"),
    bad("scanning-rules-empty", scanning(rules=[]), ".scanning.rules", "is empty"),
    bad("scanning-rules-text", scanning(rules="*"), ".scanning.rules", "a list"),
    bad("scanning-rule-text", scanning(rules=["*"]), ".scanning.rules[0]", "an object with keys"),
    bad("enhanced-without-rules", {"scanning": {"type": "ENHANCED"}}, ".scanning.rules", "is missing"),
    bad(
        "three-rules",
        scanning(rules=[{"frequency": "SCAN_ON_PUSH", "repositories": [name]} for name in "abc"]),
        ".scanning.rules",
        "has 3 rules; ECR accepts up to 2",
    ),
    bad("no-frequency", scanning_rule(frequency="absent"), ".scanning.rules[0].frequency", "is missing"),
    bad("manual", scanning_rule(frequency="MANUAL"), ".scanning.rules[0].frequency", '"MANUAL"', "takes no rule"),
    bad(
        "basic-continuously",
        scanning_rule(frequency="CONTINUOUS_SCAN"),
        ".scanning.rules[0].frequency",
        '"CONTINUOUS_SCAN"',
        "SCAN_ON_PUSH with type BASIC",
    ),
    bad("no-filters", scanning_rule(repositories="absent"), ".scanning.rules[0].repositories", "is missing"),
    bad("filters-empty", scanning_rule(repositories=[]), ".scanning.rules[0].repositories", "is empty"),
    bad("filters-text", scanning_rule(repositories="*"), ".scanning.rules[0].repositories", "a list"),
    bad("filter-capital", scanning_rule(repositories=["Prod"]), ".scanning.rules[0].repositories[0]", '"Prod"'),
    bad("filter-number", scanning_rule(repositories=[1]), ".scanning.rules[0].repositories[0]", "in quotes"),
    bad("filter-huge", scanning_rule(repositories=["a" * 256]), ".scanning.rules[0].repositories[0]", "1 to 255"),
    bad("filter-twice", scanning_rule(repositories=["a", "a"]), ".scanning.rules[0].repositories[1]", "twice"),
    bad(
        "101-filters",
        scanning_rule(repositories=[f"app-{number}" for number in range(101)]),
        ".scanning.rules[0].repositories",
        "has 101 filters; ECR accepts 1 to 100",
    ),
    bad(
        "101-filters-of-which-some-never-act",
        scanning(
            type="ENHANCED",
            rules=[
                {"frequency": "CONTINUOUS_SCAN", "repositories": [f"app-{number}" for number in range(101)]},
                {"frequency": "SCAN_ON_PUSH", "repositories": ["app-1", "app-2"]},
            ],
        ),
        ".scanning.rules[0].repositories",
        "has 101 filters",
    ),
    bad(
        "never-on-push",
        scanning(
            type="ENHANCED",
            rules=[
                {"frequency": "CONTINUOUS_SCAN", "repositories": ["*"]},
                {"frequency": "SCAN_ON_PUSH", "repositories": ["prod/*"]},
            ],
        ),
        ".scanning.rules[1].repositories[0]",
        "could never act: rules[0].repositories[0]",
    ),
    # Replication.
    bad("replication-empty", {"replication": []}, ".replication", "is empty"),
    bad("replication-object", {"replication": rule(CENTRAL)}, ".replication", "a list"),
    bad("replication-rule-text", replication("eu-central-1"), ".replication[0]", "an object with keys"),
    bad("replication-key", replication(rule(CENTRAL, prefix="ab")), ".replication[0].prefix", "is not a known key"),
    bad("no-destinations", replication({"prefixes": ["ab"]}), ".replication[0].destinations", "is missing"),
    bad("destinations-empty", replication(rule()), ".replication[0].destinations", "is empty"),
    bad("destination-text", replication(rule("eu-central-1")), ".replication[0].destinations[0]", "an object"),
    bad("destination-without-region", replication(rule({"account": OTHER})), ".replication[0].destinations[0].region"),
    bad(
        "unknown-region",
        replication(rule({"region": "eu-centrall-1"})),
        ".replication[0].destinations[0].region",
        '"eu-centrall-1"',
        "an AWS Region with ECR",
    ),
    bad("region-and-zone", replication(rule({"region": "eu-west-1a"})), ".replication[0].destinations[0].region"),
    bad(
        "account-without-its-zero",
        replication(rule({"region": "eu-central-1", "account": 12345678901})),
        ".replication[0].destinations[0].account",
        "12345678901",
        ACCOUNT_RULE,
    ),
    bad(
        "account-of-11-digits",
        replication(rule({"region": "eu-central-1", "account": "12345678901"})),
        ".replication[0].destinations[0].account",
        ACCOUNT_RULE,
    ),
    bad(
        "account-as-a-number",
        replication(rule({"region": "eu-central-1", "account": 222222222222})),
        ".replication[0].destinations[0].account",
        "in quotes",
    ),
    bad(
        "account-null",
        replication(rule({"region": "eu-central-1", "account": None})),
        ".replication[0].destinations[0].account",
        "has no value",
    ),
    bad(
        "destination-key",
        replication(rule({**CENTRAL, "registryId": OTHER})),
        ".replication[0].destinations[0].registryId",
        "is not a known key",
    ),
    bad("itself", replication(rule({"region": HOME})), ".replication[0].destinations[0]", "is this very registry"),
    bad(
        "partition",
        replication(rule({"region": "cn-north-1"})),
        ".replication[0].destinations[0].region",
        "is in partition aws-cn, this registry in aws",
    ),
    bad(
        "destination-twice",
        replication(rule(CENTRAL, CENTRAL)),
        ".replication[0].destinations[1]",
        "stands in the list",
    ),
    bad(
        "26-destinations",
        replication(rule(*({"region": region} for region in MANY_REGIONS))),
        ".replication",
        "has 26 different destinations; ECR accepts up to 25",
    ),
    bad(
        "11-rules",
        replication(*(rule(CENTRAL, prefixes=[f"team-{number}/"]) for number in range(10, 21))),
        ".replication",
        "has 11 rules",
    ),
    bad("prefixes-empty", replication(rule(CENTRAL, prefixes=[])), ".replication[0].prefixes", "is empty"),
    bad("prefixes-null", replication(rule(CENTRAL, prefixes=None)), ".replication[0].prefixes", "has no value"),
    bad("prefixes-text", replication(rule(CENTRAL, prefixes="prod/")), ".replication[0].prefixes", "a list"),
    bad("prefix-wildcard", replication(rule(CENTRAL, prefixes=["prod/*"])), ".replication[0].prefixes[0]", "wildcards"),
    bad("prefix-short", replication(rule(CENTRAL, prefixes=["p"])), ".replication[0].prefixes[0]", "2 to 256"),
    bad("prefix-number", replication(rule(CENTRAL, prefixes=[12])), ".replication[0].prefixes[0]", "in quotes"),
    bad(
        "101-prefixes",
        replication(rule(CENTRAL, prefixes=[f"team-{number}/" for number in range(100, 201)])),
        ".replication[0].prefixes",
        "has 101 prefixes",
    ),
    bad(
        "prefix-below-another",
        replication(rule(CENTRAL, prefixes=["prod/", "prod/app"])),
        ".replication[0].prefixes[1]",
        'is among what "prod/" names already',
    ),
    bad(
        "11-rules-that-are-the-same",
        replication(*[rule(CENTRAL)] * 11),
        ".replication",
        "has 11 rules",
    ),
    bad(
        "101-prefixes-below-one-another",
        replication(rule(CENTRAL, prefixes=["prod/" + "a" * length for length in range(101)])),
        ".replication[0].prefixes",
        "has 101 prefixes",
    ),
    bad(
        "26-destinations-and-one-twice",
        replication(rule(*({"region": region} for region in (*MANY_REGIONS, MANY_REGIONS[0])))),
        ".replication",
        "has 26 different destinations",
    ),
    bad("same-rule-twice", replication(rule(CENTRAL), rule(CENTRAL)), ".replication[1]", "and so does rule [0]"),
    bad(
        "overlapping-rules",
        replication(rule(CENTRAL, prefixes=["prod/"]), rule({"region": "us-east-1"}, CENTRAL, prefixes=["prod/app"])),
        ".replication[1]",
        'repositories under "prod/app" to eu-central-1',
    ),
    # Policy.
    bad("policy-text", {"policy": '"{}"'}, ".policy", "an object with keys"),
    bad("policy-empty", {"policy": {}}, ".policy", "is empty"),
    bad("policy-key", {"policy": {"accounts": [OTHER]}}, ".policy.accounts", "is not a known key"),
    bad("replicate-from-empty", replicate_from(), ".policy.replicateFrom", "is empty"),
    bad("replicate-from-text", {"policy": {"replicateFrom": OTHER}}, ".policy.replicateFrom", "a list"),
    bad("replicate-from-null", {"policy": {"replicateFrom": None}}, ".policy.replicateFrom", "has no value"),
    bad("replicate-from-number", replicate_from(12345678901), ".policy.replicateFrom[0]", "12345678901", ACCOUNT_RULE),
    bad("replicate-from-anybody", replicate_from("*"), ".policy.replicateFrom[0]", '"*"', ACCOUNT_RULE),
    bad("replicate-from-role", replicate_from(ROLE), ".policy.replicateFrom[0]", ACCOUNT_RULE),
    bad("replicate-from-twice", replicate_from(OTHER, OTHER), ".policy.replicateFrom[1]", "twice"),
    bad(
        "both-forms",
        replicate_from({"account": OTHER}, "333333333333"),
        ".policy.replicateFrom[1]",
        "an object with keys",
    ),
    bad("source-without-account", replicate_from({"prefixes": ["ab"]}), ".policy.replicateFrom[0].account", "missing"),
    bad(
        "source-prefix",
        replicate_from({"account": OTHER, "prefixes": ["*"]}),
        ".policy.replicateFrom[0].prefixes[0]",
        '"*"',
        "without wildcards",
    ),
    bad(
        "source-prefixes-empty",
        replicate_from({"account": OTHER, "prefixes": []}),
        ".policy.replicateFrom[0].prefixes",
        "is empty",
    ),
    bad(
        "source-key",
        replicate_from({"account": OTHER, "accounts": [OTHER]}),
        ".policy.replicateFrom[0].accounts",
        "is not a known key",
    ),
    bad("60-sources", replicate_from(*(f"{n:012}" for n in range(60))), ".policy", "ECR accepts up to 10240"),
    bad("cache-nobody", cache(roles="absent"), ".policy.pullThroughCache[0]", "names nobody"),
    bad("cache-without-prefix", cache(prefixes="absent"), ".policy.pullThroughCache[0].prefixes", "is missing"),
    bad("cache-wildcard", cache(prefixes=["*"]), ".policy.pullThroughCache[0].prefixes[0]", '"*"', "ROOT"),
    bad("cache-role-wildcard", cache(roles=[f"{ROLE}*"]), ".policy.pullThroughCache[0].roles[0]", "without wildcards"),
    bad("cache-anybody", cache(roles=["*"]), ".policy.pullThroughCache[0].roles[0]", "the ARN of a role"),
    bad(
        "cache-below-another",
        cache(prefixes=["docker-hub", "docker-hub/a"]),
        ".policy.pullThroughCache[0].prefixes[1]",
        '"docker-hub/a" is among what "docker-hub" names already; take one out',
    ),
    bad(
        "cache-beside-all",
        cache(prefixes=["ROOT", "docker-hub"]),
        ".policy.pullThroughCache[0].prefixes[1]",
        'is among what "ROOT" names already',
    ),
    bad(
        "source-prefix-below-another",
        replicate_from({"account": OTHER, "prefixes": ["prod/a", "prod/"]}),
        ".policy.replicateFrom[0].prefixes[0]",
        'is among what "prod/" names already',
    ),
    bad(
        "1000-prefixes-below-one-another",
        replicate_from({"account": OTHER, "prefixes": [f"prod/{'a' * (n % 200)}{n}" for n in range(1000)]}),
        ".policy",
        "ECR accepts up to 10240",
    ),
    bad(
        "cache-user",
        cache(roles=[f"arn:aws:iam::{OWN}:user/me"]),
        ".policy.pullThroughCache[0].roles[0]",
        "the ARN of a role",
    ),
    bad("cache-account", cache(accounts=[1]), ".policy.pullThroughCache[0].accounts[0]", ACCOUNT_RULE),
    bad("cache-role-twice", cache(roles=[ROLE, ROLE]), ".policy.pullThroughCache[0].roles[1]", "twice"),
    bad(
        "cache-role-of-another-partition",
        cache(roles=[f"arn:aws-cn:iam::{OWN}:role/x"]),
        ".policy.pullThroughCache[0].roles[0]",
        "is in partition aws-cn",
    ),
    # Account settings.
    bad("switches-empty", {"accountSettings": {}}, ".accountSettings", "is empty"),
    bad("switches-list", {"accountSettings": ["V2"]}, ".accountSettings", "an object with keys"),
    bad(
        "switch-flag",
        {"accountSettings": {"blobMounting": True}},
        ".accountSettings.blobMounting",
        "true is not accepted",
        "ENABLED or DISABLED",
    ),
    bad(
        "clair",
        {"accountSettings": {"basicScanTypeVersion": "CLAIR"}},
        ".accountSettings.basicScanTypeVersion",
        '"CLAIR"',
        "given up CLAIR on 2 February 2026",
    ),
    bad(
        "policy-scope-v1",
        {"accountSettings": {"registryPolicyScope": "V1"}},
        ".accountSettings.registryPolicyScope",
        '"V1"',
        "no longer accepts V1",
    ),
    bad(
        "switch-in-ecrs-spelling",
        {"accountSettings": {"BLOB_MOUNTING": "ENABLED"}},
        ".accountSettings.BLOB_MOUNTING",
        "is not a known key",
    ),
    bad("switch-null", {"accountSettings": {"blobMounting": None}}, ".accountSettings.blobMounting", "has no value"),
    # Pull-time exclusions.
    bad("exclusions-empty", {"pullTimeExclusions": []}, ".pullTimeExclusions", "is empty"),
    bad("exclusions-text", {"pullTimeExclusions": ROLE}, ".pullTimeExclusions", "a list"),
    bad("exclusion-wildcard", {"pullTimeExclusions": [f"{ROLE}*"]}, ".pullTimeExclusions[0]", "without wildcards"),
    bad("exclusion-account", {"pullTimeExclusions": [OWN]}, ".pullTimeExclusions[0]", "the ARN of a role or user"),
    bad("exclusion-twice", {"pullTimeExclusions": [ROLE, ROLE]}, ".pullTimeExclusions[1]", "twice"),
    bad(
        "101-exclusions",
        {"pullTimeExclusions": [f"{ROLE}-{number}" for number in range(101)]},
        ".pullTimeExclusions",
        "has 101 principals; ECR accepts up to 100",
    ),
    bad(
        "exclusion-of-another-partition",
        {"pullTimeExclusions": [f"arn:aws-us-gov:iam::{OWN}:role/x"]},
        ".pullTimeExclusions[0]",
        "is in partition aws-us-gov",
    ),
    # Caches and templates, each once.
    bad(
        "51-caches-of-one-prefix",
        {"pullThroughCache": [{"prefix": "quay", "upstream": "quay"}] * 51},
        ".pullThroughCache",
        "has 51 rules; ECR accepts up to 50",
    ),
    bad("caches-empty", {"pullThroughCache": []}, ".pullThroughCache", "is empty"),
    bad("templates-empty", {"creationTemplates": []}, ".creationTemplates", "is empty"),
]
