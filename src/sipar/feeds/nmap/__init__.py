"""Scans with Nmap."""
