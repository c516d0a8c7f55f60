"""The Dockerfile language as values: read, expand, split, write."""
