"""What can be known of the environment before anything fails in it."""
