"""LightGCN: PyG's model with a fast propagation; losses, sampling and trainer can be changed apart."""
