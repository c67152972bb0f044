// When somebody took up each of some items for the first time, in milliseconds since 1970.
//
// An interaction without a first time counts by its last. An item that nobody took up, or without any time, gives no
// row. It reads all interactions of the items.
//
// $item_ids: the items, a few thousand at a time
// returns: item_id, first_at
// access: read
// :param {item_ids: ['50']}

UNWIND $item_ids AS item_id
MATCH (i:Item {item_id: item_id})<-[r:INTERACTED]-()
WITH item_id, min(coalesce(r.first_at, r.last_at)) AS first_at
WHERE first_at IS NOT NULL
RETURN item_id, first_at
ORDER BY item_id
