"""The builder stage: an sdist becomes a wheel in an isolated, throw-away root."""
