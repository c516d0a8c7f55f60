"""What is unsafe in an image or a project, and what could not be looked at."""
