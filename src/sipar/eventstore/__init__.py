"""The observation lake: Parquet by day and source, written atomically, queried with DuckDB."""
