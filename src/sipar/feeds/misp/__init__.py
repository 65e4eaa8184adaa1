"""Attributes of MISP events."""
