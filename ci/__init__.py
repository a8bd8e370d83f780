"""What pipelines run: ci/setup, then ci/stack."""
