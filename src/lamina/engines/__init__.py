"""What turns a plan into an image; implementations of the Engine protocol."""
