"""OpenTelemetry: a build's record as spans and metrics, sent to a collector (OTLP over HTTP)."""
