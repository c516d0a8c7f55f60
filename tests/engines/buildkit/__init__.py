"""The engine `buildkit`, without BuildKit."""
