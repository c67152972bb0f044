// When each person took up each of some items for the first time, in milliseconds since 1970.
//
// As `items/first_times`, person by person, so that somebody can be left out afterwards: an interaction without a first
// time counts by its last, and what has no time at all isn't told. It reads all interactions of the items.
//
// $item_ids: the items, a few thousand at a time
// returns: item_id, user_ids, first_at
// access: read
// :param {item_ids: ['50']}

UNWIND $item_ids AS item_id
MATCH (i:Item {item_id: item_id})<-[r:INTERACTED]-(u:User)
WITH item_id, u.user_id AS user_id, min(coalesce(r.first_at, r.last_at)) AS first_at
WHERE first_at IS NOT NULL
WITH item_id, user_id, first_at ORDER BY item_id, user_id
RETURN item_id, collect(user_id) AS user_ids, collect(first_at) AS first_at
ORDER BY item_id
