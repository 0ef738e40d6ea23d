"""Benchmarks: what operations cost on this machine, as Markdown tables; never timed tests."""
