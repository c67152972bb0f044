// Which of a user's items go together with items recommended to them, and how many people like both.
//
// `because_id` is an item the user likes, `people` the number of other people who like it and the recommended item,
// and `share` its part of that number over all the user's items. A person likes an item when the largest of
// $kind_weights among the pair's kinds is above 0.
//
// Cost is bounded: the user's $max_history latest items, and of a node with more than $max_fan_out relationships the
// first in the order of the store.
//
// $wanted: maps of `user_id` and `item_ids`, the items to explain
// $k: how many of the user's items to name for each (default 3)
// $kind_weights: how much each kind says that a person likes an item; others weigh 1 (default {"view": 0.5, "click": 0.5, "skip": -0.5, "dislike": -1.0, "hide": -1.0})
// $max_history: how many of the user's items are looked at, the latest (default 500)
// $max_fan_out: how many relationships of one node are followed (default 5000)
// $least_people: fewer people are neither counted nor given a share, so that nobody is singled out (default 5)
// returns: user_id, item_id, because_id, people, share, rank
// access: read
// :param {wanted: [{user_id: '1', item_ids: ['50']}], k: 3, kind_weights: {view: 0.5, click: 0.5, skip: -0.5, dislike: -1.0, hide: -1.0}, max_history: 500, max_fan_out: 5000, least_people: 5}

UNWIND $wanted AS ask
MATCH (u:User {user_id: ask.user_id})
OPTIONAL MATCH (g:Graph {name: 'graphrec'})
WITH ask, u, coalesce(size(g.kinds) = 1 AND coalesce($kind_weights[g.kinds[0]], 1.0) > 0, false) AS uniform
CALL (u) {
  MATCH (u)-[r:INTERACTED]->(i:Item)
  WITH i, max(r.last_at) AS at, max(coalesce($kind_weights[r.kind], 1.0)) AS w
  ORDER BY coalesce(at, 0) DESC, i.item_id
  WITH collect(i) AS seen, collect(CASE WHEN w > 0 THEN i END)[..$max_history] AS liked
  RETURN seen, liked
}
UNWIND ask.item_ids AS item_id
MATCH (j:Item {item_id: item_id})
CALL (u, j, uniform, liked) {
  CALL (j, uniform) {
    WITH * WHERE uniform
    MATCH (j)<-[:INTERACTED]-(v)
    WITH v LIMIT $max_fan_out
    RETURN collect(v) AS people
    UNION ALL
    WITH * WHERE NOT uniform
    MATCH (j)<-[r:INTERACTED]-(v)
    WITH v, r LIMIT $max_fan_out
    WHERE coalesce($kind_weights[r.kind], 1.0) > 0
    RETURN collect(DISTINCT v) AS people
  }
  UNWIND people AS v
  WITH v WHERE v <> u
  CALL (v, uniform) {
    WITH * WHERE uniform
    MATCH (v)-[:INTERACTED]->(i)
    WITH i LIMIT $max_fan_out
    RETURN collect(i) AS items
    UNION ALL
    WITH * WHERE NOT uniform
    MATCH (v)-[r:INTERACTED]->(i)
    WITH i, r LIMIT $max_fan_out
    WHERE coalesce($kind_weights[r.kind], 1.0) > 0
    RETURN collect(DISTINCT i) AS items
  }
  UNWIND items AS i
  WITH i, count(*) AS people
  WHERE i IN liked AND i <> j
  ORDER BY people DESC, i.item_id
  WITH collect([i.item_id, people]) AS ways, sum(people) AS all
  UNWIND range(1, size(ways[..$k])) AS rank
  RETURN ways[rank - 1][0] AS because_id, ways[rank - 1][1] AS people, toFloat(ways[rank - 1][1]) / all AS share, rank
}
RETURN u.user_id AS user_id, item_id, because_id,
  CASE WHEN people >= $least_people THEN people END AS people,
  CASE WHEN people >= $least_people THEN share END AS share, rank
ORDER BY user_id, item_id, rank
