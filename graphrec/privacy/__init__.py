"""Promises to the people whom the data are about: who they are, what counts, what is published, told and taken out."""
