"""Measurements, run in a checkout as `python -m bench.NAME`; never installed."""
