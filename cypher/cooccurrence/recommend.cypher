// Items for each of some users, by how often people like them together with what the user likes.
//
// score(j) = sum of s(i,j) over the user's items i, with s(i,j) the $normalisation of n(i,j):
// count: n(i,j); cosine: n(i,j) / sqrt(n(i) n(j)); lift: n(i,j) N / (n(i) n(j)), where n counts the other people who
// like both, or the people who like one, and N all people. (Jaccard doesn't come apart into a sum over people, which
// is what makes this fast; cooccurrence/similar has it.) A person likes an item when the largest of $kind_weights
// among the pair's kinds is above 0; each counts once.
//
// Cost is bounded: the user's $max_history latest items, the $max_people people nearest to the user (the sum of their
// parts of s), and of a node with more than $max_fan_out relationships the first in the order of the store.
// Seen items are left out before the cut. `people` counts those who like the item and one of the user's.
//
// $user_ids: whom to recommend to; an unknown id gives no rows
// $k: how many items to return for each (default 10)
// $normalisation: one of count, cosine, lift (default "cosine")
// $kind_weights: how much each kind says that a person likes an item; others weigh 1 (default {"view": 0.5, "click": 0.5, "skip": -0.5, "dislike": -1.0, "hide": -1.0})
// $max_history: how many of the user's items are followed, the latest (default 500)
// $max_people: through how many people it goes, the nearest (default 200)
// $max_fan_out: how many relationships of one node are followed (default 5000)
// $excluded: ids of items that must not come (default [])
// $allowed: ids of the only items that may come; null: all (default null)
// $include_seen: whether items the user already has may come (default false)
// returns: user_id, item_id, score, rank, people
// access: read
// :param {user_ids: ['1'], k: 10, normalisation: 'cosine', kind_weights: {view: 0.5, click: 0.5, skip: -0.5, dislike: -1.0, hide: -1.0}, max_history: 500, max_people: 200, max_fan_out: 5000, excluded: [], allowed: null, include_seen: false}

UNWIND $user_ids AS user_id
MATCH (u:User {user_id: user_id})
OPTIONAL MATCH (g:Graph {name: 'graphrec'})
WITH user_id, u, COUNT { (:User) } AS n_people,
  coalesce(size(g.kinds) = 1 AND coalesce($kind_weights[g.kinds[0]], 1.0) > 0, false) AS uniform
CALL (u) {
  MATCH (u)-[r:INTERACTED]->(i:Item)
  WITH i, max(r.last_at) AS at, max(coalesce($kind_weights[r.kind], 1.0)) AS w
  ORDER BY coalesce(at, 0) DESC, i.item_id
  WITH collect(i) AS seen, collect(CASE WHEN w > 0 THEN i END)[..$max_history] AS liked
  RETURN seen, liked
}
CALL (seen) {
  UNWIND $excluded AS excluded_id
  MATCH (x:Item {item_id: excluded_id})
  WITH collect(x) AS excluded
  RETURN CASE WHEN $include_seen THEN [] ELSE seen END + excluded AS hidden
}
CALL (u, uniform, liked, hidden, n_people) {
  UNWIND liked AS i
  CALL (i, uniform) {
    WITH * WHERE uniform
    RETURN toFloat(COUNT { (i)<-[:INTERACTED]-() }) AS n_i
    UNION ALL
    WITH * WHERE NOT uniform
    MATCH (i)<-[r:INTERACTED]-(v)
    WITH v, r LIMIT $max_fan_out
    WHERE coalesce($kind_weights[r.kind], 1.0) > 0
    WITH count(DISTINCT v) AS n WHERE n > 0
    RETURN toFloat(n) AS n_i
  }
  CALL (i, uniform) {
    WITH * WHERE uniform
    MATCH (i)<-[:INTERACTED]-(v)
    WITH v LIMIT $max_fan_out
    RETURN collect(v) AS people
    UNION ALL
    WITH * WHERE NOT uniform
    MATCH (i)<-[r:INTERACTED]-(v)
    WITH v, r LIMIT $max_fan_out
    WHERE coalesce($kind_weights[r.kind], 1.0) > 0
    RETURN collect(DISTINCT v) AS people
  }
  UNWIND people AS v
  WITH v, sum(CASE $normalisation
    WHEN 'count' THEN 1.0
    WHEN 'cosine' THEN 1 / sqrt(n_i)
    WHEN 'lift' THEN n_people / n_i
  END) AS near
  WITH v, near WHERE v <> u
  ORDER BY round(near, 10) DESC, v.user_id LIMIT $max_people
  CALL (v, uniform) {
    WITH * WHERE uniform
    MATCH (v)-[:INTERACTED]->(j)
    WITH j LIMIT $max_fan_out
    RETURN collect(j) AS items
    UNION ALL
    WITH * WHERE NOT uniform
    MATCH (v)-[r:INTERACTED]->(j)
    WITH j, r LIMIT $max_fan_out
    WHERE coalesce($kind_weights[r.kind], 1.0) > 0
    RETURN collect(DISTINCT j) AS items
  }
  UNWIND items AS j
  WITH j, sum(near) AS sum, count(*) AS people
  WHERE NOT j IN hidden AND ($allowed IS NULL OR j.item_id IN $allowed)
  CALL (j, uniform) {
    WITH * WHERE uniform
    RETURN toFloat(COUNT { (j)<-[:INTERACTED]-() }) AS n_j
    UNION ALL
    WITH * WHERE NOT uniform
    MATCH (j)<-[r:INTERACTED]-(v)
    WITH v, r LIMIT $max_fan_out
    WHERE coalesce($kind_weights[r.kind], 1.0) > 0
    WITH count(DISTINCT v) AS n WHERE n > 0
    RETURN toFloat(n) AS n_j
  }
  WITH j, people, CASE $normalisation
    WHEN 'count' THEN sum
    WHEN 'cosine' THEN sum / sqrt(n_j)
    WHEN 'lift' THEN sum / n_j
  END AS score
  ORDER BY round(score, 10) DESC, j.item_id LIMIT $k
  WITH collect([j.item_id, score, people]) AS best
  UNWIND range(1, size(best)) AS rank
  RETURN best[rank - 1][0] AS item_id, best[rank - 1][1] AS score, best[rank - 1][2] AS people, rank
}
RETURN user_id, item_id, score, rank, people
ORDER BY user_id, rank
