// What was written to items when their features were written last, as columns.
//
// returns: item_id, digest
// access: read
// scans: Item
MATCH (i:Item)
WHERE i.feature_digest IS NOT NULL
WITH id(i) / 10000 AS block, collect(i.item_id) AS item_id, collect(i.feature_digest) AS digest
RETURN item_id, digest
