"""The HTTP service: answers from memory, events into the journal, keys, errors as problem details."""
