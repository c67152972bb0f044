// Clear one slot of the users that hold a vector there.
//
// $property: the slot's property
// access: write-implicit
// scans: User
// :param {property: 'embedding_lightgcn_a'}
CYPHER 25
MATCH (n:User)
WHERE n[$property] IS NOT NULL
CALL (n) {
  REMOVE n[$property]
} IN TRANSACTIONS OF 5000 ROWS
