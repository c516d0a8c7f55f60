"""What can be said of a project by looking at its files; each guess with its reason."""
