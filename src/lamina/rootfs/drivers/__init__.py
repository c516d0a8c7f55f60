"""Scripts that run inside an image, with its Python and nothing but the standard library."""
