"""The OCI distribution-spec as a server, without a socket: each request is a value."""
