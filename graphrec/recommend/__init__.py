"""Recommenders: one interface over Cypher, embeddings and compositions of them."""
