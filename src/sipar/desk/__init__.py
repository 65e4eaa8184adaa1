"""My desk: what needs this person now, ordered by when it hurts, and what changed since yesterday."""
