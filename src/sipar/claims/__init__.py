"""Who claims which addresses and names: imports with a difference to look at, conflicts, compiled lookups."""
