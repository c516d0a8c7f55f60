"""Bytecode made before an image starts, by the image's version of Python."""
