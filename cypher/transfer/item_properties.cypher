// What the data say of all items, as columns: for each item pairs of a property's name and its value.
//
// The id, the vectors and the features' digest are left out, and so is what begins with an underscore.
//
// returns: item_id, properties
// access: read
// scans: Item
MATCH (i:Item)
WITH i, id(i) / 10000 AS block, [name IN keys(i) WHERE name <> 'item_id' AND NOT name STARTS WITH 'embedding_' AND NOT name STARTS WITH '_' AND name <> 'feature_digest'] AS names
WITH block, collect(i.item_id) AS item_id, collect([name IN names | [name, i[name]]]) AS properties
RETURN item_id, properties
