"""Scans of services with ZGrab."""
