// Clear one slot of the items that hold a vector there.
//
// $property: the slot's property
// access: write-implicit
// scans: Item
// :param {property: 'embedding_lightgcn_a'}
CYPHER 25
MATCH (n:Item)
WHERE n[$property] IS NOT NULL
CALL (n) {
  REMOVE n[$property]
} IN TRANSACTIONS OF 5000 ROWS
