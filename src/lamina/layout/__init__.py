"""OCI layouts and archives on disk."""
