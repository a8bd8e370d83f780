"""The domain of container-registry in plain Python: nothing here imports Pulumi.

A module either decides (values in, values out) or talks to one outside party:

* decides: `errors`, `problems`, `reference`, `regions`, `repository`, `lifecycle`, `build`, `publication`, `promotion`,
  `protection`, `clean`, `image_list`, `scan`, `severity`, `sarif`, `status`, `tables`, `tagging`, `strict_json`,
  `config_reader` and the `_config` modules, one for each key of a stack file, `access`, `registry`, `notifications`,
  `pipeline`, `endpoint_policy`, `doctor.checks`, `cost`, `drift`, `policy_drift`, `stack_name`, `stack_resources`,
  `target`, `kubernetes`, `oci.manifest`
* talks: `build_context`, `stack_file` and `json_file` (the disk), `stacks` (the pulumi command), `gate` (scans, and the
  clock), `promoter` (both repositories of a promotion), `protecting` (which images have to stay), `cleaning` (deletes
  images), `drifting` (a stack's state and its repository), `reporting` (all that a report tells), `ahead` and `at_once`
  (threads), `costing` (what images are made of), `layer_cache` and `price_table` (the disk), `lifecycle_look` (a
  repository, in a thread), `drawing`, `cost_plot` and `plot` (leather, which draws), `yaml_text` (YAML), `doctor`
  (names, connections and a pull), the packages `aws` (boto3; the only place that sees `ClientError`), `oci` (registries
  over HTTP) and `cli` (whoever runs `python -m ecr`)
"""
