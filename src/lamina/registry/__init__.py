"""The OCI distribution-spec as a client."""
