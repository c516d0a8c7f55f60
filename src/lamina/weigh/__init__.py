"""Weigh: what each distribution costs in the image, which are not needed, and what is lighter."""
