"""The comparison of `models.py`: data and splits, one run in a child process, the results on file, table and plot."""
