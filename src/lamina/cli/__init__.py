"""The command line: parse, wire, run, print; no decisions."""
