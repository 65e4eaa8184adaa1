"""IntelMQ events, read and written: either system can feed the other."""
