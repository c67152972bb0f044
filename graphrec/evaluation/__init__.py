"""Evaluation: split the data, rank for every test user, and measure the lists."""
