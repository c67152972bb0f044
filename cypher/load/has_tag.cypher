// The tags of items, made where they are missing; the weight is the one given last.
//
// The item is locked first, so that two writers never make the same relationship.
//
// $rows: an item_id and its pairs of tag and weight
// access: write
// :param {rows: [['1', [['jazz', 1.0]]]]}
UNWIND $rows AS row
MATCH (i:Item {item_id: row[0]})
SET i._lock = true REMOVE i._lock
WITH i, row
UNWIND row[1] AS pair
MATCH (t:Tag {name: pair[0]})
MERGE (i)-[r:HAS_TAG]->(t)
SET r.weight = pair[1]
