"""Stage 5: layers and runtime configuration become an OCI image."""
