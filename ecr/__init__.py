"""The domain of container-registry in plain Python: nothing here imports Pulumi.

A module either decides (values in, values out) or talks to one outside party:

* decides: `errors`, `reference`, `repository`, `lifecycle`, `build`, `publication`
* talks: `build_context` (the disk), `aws` (boto3; the only place that sees `ClientError`), `oci` (the registry's HTTP)
"""
