"""The OCI image-spec as immutable values; no I/O, no clock."""
