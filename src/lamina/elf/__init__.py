"""What a shared object needs, and whether an image has it."""
