"""Who is responsible for an address, a name or a product: claims compiled to a lookup, and observations through it."""
