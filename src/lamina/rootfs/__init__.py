"""An image as a directory: unpacked safely, run as its own user, smoke-tested."""
