"""graphrec: a recommender system that lives in Neo4j, from loading to serving."""

__version__ = "0.1.0"
