"""The policy pack: `__main__.py` is what the engine runs; the rules are plain Python under `rules/`."""
