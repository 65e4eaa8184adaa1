"""The smallest feed there is, to copy from: docs/how-to/add-a-feed.md goes through it line by line."""
