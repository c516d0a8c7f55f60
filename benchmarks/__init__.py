"""Lamina against real peers, in one run, on equal inputs."""
