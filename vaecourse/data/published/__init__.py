"""Readers of data sets as they are published."""
