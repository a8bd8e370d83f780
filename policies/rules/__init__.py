"""What the policies decide: values in, verdicts out; no Pulumi, so that each rule is tested without an engine."""
