"""The engine that writes the plan as a Dockerfile and lets BuildKit build it."""
