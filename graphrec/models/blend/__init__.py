"""The blend: embeddings, a graph filter, a walk and popularity together, weighed on withheld data."""
