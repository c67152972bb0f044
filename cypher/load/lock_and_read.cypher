// What some users did so far, as columns, with the users locked until the transaction ends.
//
// Whoever writes interactions locks their users first: no constraint covers a relationship's end points, and MERGE
// alone makes two under concurrency.
//
// $user_ids: the users
// returns: user, item_id, kind, count, weight, rating, first_at, last_at
// access: write
// :param {user_ids: ['1']}
UNWIND range(0, size($user_ids) - 1) AS position
MATCH (u:User {user_id: $user_ids[position]})
SET u._lock = true REMOVE u._lock
WITH position, u
MATCH (u)-[r:INTERACTED]->(i:Item)
RETURN collect(position) AS user, collect(i.item_id) AS item_id, collect(r.kind) AS kind, collect(r.count) AS count,
  collect(coalesce(r.weight, 0.0 / 0.0)) AS weight, collect(coalesce(r.rating, 0.0 / 0.0)) AS rating,
  collect(coalesce(r.first_at, -9223372036854775808)) AS first_at,
  collect(coalesce(r.last_at, -9223372036854775808)) AS last_at
