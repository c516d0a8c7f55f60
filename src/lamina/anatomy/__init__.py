"""What an image consists of: its layers taken apart, put on each other, and every byte named."""
