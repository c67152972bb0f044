// What the data say of each of some items, as pairs of a property's name and its value.
//
// The id, the vectors and the features' digest are left out, and so is what begins with an underscore. An unknown id gives no row.
//
// $item_ids: the items, a few thousand at a time
// returns: item_id, properties
// access: read
// :param {item_ids: ['50']}

UNWIND $item_ids AS item_id
MATCH (i:Item {item_id: item_id})
WITH item_id, i, [name IN keys(i) WHERE name <> 'item_id' AND NOT name STARTS WITH 'embedding_' AND NOT name STARTS WITH '_' AND name <> 'feature_digest'] AS names
RETURN item_id, [name IN names | [name, i[name]]] AS properties
ORDER BY item_id
