// What some users did, as columns: one row a kind.
//
// user: position in $user_ids. item: the number of `transfer/item_ids`. A column of weight, rating or last_at holds
// only what is there: it is empty where the property is missing everywhere, and too short to be told apart where it is
// missing here and there. Ask again with $filled then: NaN or the least integer (last_at) stand for the missing ones.
//
// $user_ids: the users, a few thousand at a time
// $filled: whether missing properties have a place in their column (default false)
// returns: kind, user, item, count, weight, rating, last_at
// access: read
UNWIND range(0, size($user_ids) - 1) AS position
MATCH (u:User {user_id: $user_ids[position]})-[r:INTERACTED]->(i:Item)
RETURN r.kind AS kind, collect(position) AS user, collect(id(i)) AS item, collect(r.count) AS count,
  collect(CASE WHEN $filled THEN coalesce(r.weight, 0.0 / 0.0) ELSE r.weight END) AS weight,
  collect(CASE WHEN $filled THEN coalesce(r.rating, 0.0 / 0.0) ELSE r.rating END) AS rating,
  collect(CASE WHEN $filled THEN coalesce(r.last_at, -9223372036854775808) ELSE r.last_at END) AS last_at
