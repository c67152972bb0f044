"""Content: items by what is said of them, and profiles by the items that they like; no like of an item is needed."""
