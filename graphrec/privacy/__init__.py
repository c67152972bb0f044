"""Promises to the people whom the data are about: who they are, what counts of them, what is published of them."""
