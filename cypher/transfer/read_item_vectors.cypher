// The vectors of all items that have one, packed, as columns.
//
// $property: the property to read
// $dim: how many numbers a vector has
// returns: item_id, vector
// access: read
// scans: Item
CYPHER 25
MATCH (n:Item)
WHERE size(n[$property]) = $dim
WITH id(n) / 1000 AS block, n.item_id AS item_id, vector(n[$property], $dim, FLOAT32) AS vector
WITH block, collect(item_id) AS item_id, collect(vector) AS vector
RETURN item_id, vector
