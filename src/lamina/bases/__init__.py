"""Where base images come from; implementations of the Base protocol."""
