"""Hybrids: several models as one, declared in a few lines and explained by their parts."""
