"""Loaders: pure functions from a path to Frames. They never open a database and never download."""
