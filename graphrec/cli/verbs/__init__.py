"""One file a verb. A new file here is a new command; nothing else needs to know of it."""
