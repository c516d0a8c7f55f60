"""Real programs for the tests and benchmarks: Docker engines, a registry, the built workload."""
