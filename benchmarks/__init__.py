"""Measurements, side by side in one run: `make bench`. Ratios are what counts; seconds are this machine's."""
