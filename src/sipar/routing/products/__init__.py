"""Which products the ranges of vulnerability records hold: names, version orders, matching. Pure."""
