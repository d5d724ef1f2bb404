"""Data sets that the package draws itself, with all their factors known."""
