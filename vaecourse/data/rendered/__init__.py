"""Data sets that the package renders from known factors."""
