"""One module for each group of `sipar` commands; `sipar.config.cli` puts them together."""
