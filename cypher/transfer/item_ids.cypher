// The ids of all items, as columns.
//
// node: the number by which this server knows the item, good for one reading only.
//
// returns: node, item_id
// access: read
// scans: Item
MATCH (n:Item)
WITH id(n) AS node, n.item_id AS item_id
WITH node / 10000 AS block, collect(node) AS node, collect(item_id) AS item_id
RETURN node, item_id
