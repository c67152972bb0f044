"""Versions of what a model learnt: vectors in one of two slots of the graph, files beside it, and one pointer.

A writer fills the idle slot and awaits its index; then one transaction moves the pointer. A query resolves the
pointer and reads the vectors in one go, so it sees one version, whole.
"""
