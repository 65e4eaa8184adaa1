"""Benches: each prints the figures that Sipar must reach, measured here and now, beside its peer's."""
