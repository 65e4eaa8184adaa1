"""Any table whose columns the feed itself declares."""
