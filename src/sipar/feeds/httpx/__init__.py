"""Probes of web servers with httpx."""
