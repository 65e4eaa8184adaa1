"""Shadowserver reports: every type of the schema that the user supplies, compiled to columnar expressions."""
