"""The feeds that CERTs receive: what was taken in, from where, and what was wrong with it."""
