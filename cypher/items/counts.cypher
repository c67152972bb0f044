// How many people did what to each of some items, kind by kind.
//
// `people` is the number of people with that kind of interaction, `times` the sum of how often. People are only ever
// counted. An item without interactions, or an unknown id, gives no rows.
//
// $item_ids: the items
// returns: item_id, kind, people, times
// access: read
// :param {item_ids: ['50']}

UNWIND $item_ids AS item_id
MATCH (:Item {item_id: item_id})<-[r:INTERACTED]-(u:User)
RETURN item_id, r.kind AS kind, count(DISTINCT u) AS people, sum(coalesce(r.count, 1)) AS times
ORDER BY item_id, kind
