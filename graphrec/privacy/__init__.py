"""What is owed to the people whom the data are about: what is held of them told, taken out, let go when old."""
