"""What readers share: tables of text out of CSV and JSON, and columnar casts of text to observations."""
