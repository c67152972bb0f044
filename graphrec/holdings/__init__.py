"""What is held of a person: counted and told, taken out everywhere, let go when it is old."""
