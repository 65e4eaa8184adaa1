"""Plain lists of addresses, networks, URLs and domains."""
