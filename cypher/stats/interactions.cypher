// What some users did, as columns with both times: one row a kind.
//
// user: position in $user_ids. item: the number of `transfer/item_ids`. Where a property is missing everywhere its
// column is empty; NaN (weight, rating) or the least integer (last_at) stand for a missing one among others.
//
// $user_ids: the users, a few thousand at a time
// returns: kind, user, item, count, weight, rating, last_at, first_at
// access: read
UNWIND range(0, size($user_ids) - 1) AS position
MATCH (u:User {user_id: $user_ids[position]})-[r:INTERACTED]->(i:Item)
RETURN r.kind AS kind, collect(position) AS user, collect(id(i)) AS item, collect(r.count) AS count,
  CASE WHEN count(r.weight) = 0 THEN [] ELSE collect(coalesce(r.weight, 0.0 / 0.0)) END AS weight,
  CASE WHEN count(r.rating) = 0 THEN [] ELSE collect(coalesce(r.rating, 0.0 / 0.0)) END AS rating,
  CASE WHEN count(r.last_at) = 0 THEN [] ELSE collect(coalesce(r.last_at, -9223372036854775808)) END AS last_at,
  CASE WHEN count(r.first_at) = 0 THEN [] ELSE collect(coalesce(r.first_at, -9223372036854775808)) END AS first_at
