"""HTML: one page that holds all it needs."""
