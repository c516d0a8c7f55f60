"""A Debian archive as values: signed indexes, dependency closure, packages as layer entries."""
