"""The paths, one file for what belongs together."""
