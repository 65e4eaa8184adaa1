"""What was observed, as columns: its schema, findings folded from it, rules of telling, priority. Pure functions."""
