"""Neighbours: what the nearest people like, or what is nearest to what one likes; the same numbers as by Cypher."""
