"""What a project gains: a Dockerfile and Lamina side by side, in one run on one machine."""
