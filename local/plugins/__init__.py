"""Stand-in Pulumi provider plugins for the local cloud: `aws` over boto3 and `docker` over the Docker SDK.

They serve a machine that has no official plugins, and only the resource types that this project uses. Whatever they
do not implement they refuse by name: a property that is silently ignored would make the local cloud lie.
"""
