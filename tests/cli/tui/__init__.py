"""The browser of images, driven by keys without a terminal."""
