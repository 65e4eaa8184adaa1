"""Events in the shape of n6, the platform of CERT Polska."""
