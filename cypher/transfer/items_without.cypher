// The ids of items that lack a property: those that came after it was written to all.
//
// $property: the property, like 'embedding_lightgcn_a'
// returns: item_id
// access: read
// scans: Item
MATCH (n:Item)
WHERE n[$property] IS NULL
WITH id(n) / 10000 AS block, collect(n.item_id) AS item_id
RETURN item_id
