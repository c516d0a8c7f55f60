"""A browser of images for the terminal; the extra ``lamina[tui]``."""
