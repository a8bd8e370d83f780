"""The domain of container-registry in plain Python: nothing here imports Pulumi.

A module either decides (values in, values out) or talks to one outside party:

* decides: `errors`, `reference`, `repository`, `lifecycle`, `build`, `publication`, `manifest`
* talks: `build_context` (the disk), `aws` (boto3; the only place that sees `ClientError`), `credentials` (Docker's
  configuration), and the registry's HTTP in layers: `http_transport` (one request) below the seam `transport`;
  `authorization` and `exchange` (sign-in, repeats, redirects); `oci` (one repository); `image_copy`, `image_verify`
"""
