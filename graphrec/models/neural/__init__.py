"""Networks that score items: each a short PyTorch module, trained by one trainer that stops by what is withheld."""
