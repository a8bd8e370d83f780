"""What can be set for a registry, of which there is one per account and Region: values, their rules and their quotas.

* `settings`: all of it together
* `scanning`: which repositories are scanned, and how often
* `replication`: which repositories are copied, and where to
* `policy`: who may replicate into the registry and import through its cache, and its JSON
* `account_settings`, `exclusions`: switches, and principals whose pulls are not counted
* `pull_through`, `upstreams`, `templates`: other registries cached in this one, and the repositories that this makes
"""
