// Remove the vector index of one slot, so that filling the slot doesn't update it vector by vector.
//
// access: write-implicit
// identifiers: index
DROP INDEX {index} IF EXISTS
