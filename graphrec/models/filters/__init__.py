"""Graph filters: closed forms over the interactions. Each turns a user's row into scores of all items, linearly."""
