"""Stage 3: everything decided before anything is built; pure."""
