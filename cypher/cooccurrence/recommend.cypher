// Items for each of some users, by how often people like them together with what the user likes.
//
// score(j) = sum of s(i,j) over the user's items i, with s(i,j) the $normalisation of n(i,j):
// count: n(i,j); cosine: n(i,j) / sqrt(n(i) n(j)); lift: n(i,j) N / (n(i) n(j)), where n counts the other people who
// like both, or the people who like one, and N all people. (Jaccard doesn't come apart into a sum over people, which
// is what makes this fast; cooccurrence/similar has it.) A person likes an item when the largest of $kind_weights
// among the pair's kinds is above 0; each counts once.
//
// Cost is bounded: the user's $max_history latest items, the $max_people people nearest to the user (the sum of their
// parts of s), of a node with more than $max_fan_out relationships the first in the order of the store, and of the
// items found the $max_candidates with the largest sum of those people's parts.
// Seen items are left out before the cut. `people` counts those who like the item and one of the user's.
//
// $user_ids: whom to recommend to; an unknown id gives no rows
// $k: how many items to return for each (default 10)
// $normalisation: one of count, cosine, lift (default "cosine")
// $kind_weights: how much each kind says that a person likes an item; others weigh 1 (default {"view": 0.5, "click": 0.5, "skip": -0.5, "dislike": -1.0, "hide": -1.0})
// $max_history: how many of the user's items are followed, the latest (default 500)
// $max_people: through how many people it goes, the nearest (default 200)
// $max_fan_out: how many relationships of one node are followed (default 5000)
// $max_candidates: how many items are scored, those of which the nearest people like most (default 1000)
// $excluded: ids of items that must not come (default [])
// $allowed: ids of the only items that may come; null: all (default null)
// $include_seen: whether items the user already has may come (default false)
// returns: user_id, item_id, score, rank, people
// access: read
// :param {user_ids: ['1'], k: 10, normalisation: 'cosine', kind_weights: {view: 0.5, click: 0.5, skip: -0.5, dislike: -1.0, hide: -1.0}, max_history: 500, max_people: 200, max_fan_out: 5000, max_candidates: 1000, excluded: [], allowed: null, include_seen: false}

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
  WITH i, CASE WHEN uniform
    THEN toFloat(COUNT { (i)<-[:INTERACTED]-() })
    ELSE toFloat(COUNT {
      MATCH (i)<-[r:INTERACTED]-(v)
      WITH v, r LIMIT $max_fan_out
      WHERE coalesce($kind_weights[r.kind], 1.0) > 0
      RETURN DISTINCT v
    }) END AS n_i
  WHERE n_i > 0
  CALL (i, uniform) {
    WITH * WHERE uniform
    MATCH (i)<-[:INTERACTED]-(v)
    RETURN v LIMIT $max_fan_out
    UNION ALL
    WITH * WHERE NOT uniform
    MATCH (i)<-[r:INTERACTED]-(v)
    WITH v, r LIMIT $max_fan_out
    WHERE coalesce($kind_weights[r.kind], 1.0) > 0
    RETURN DISTINCT v
  }
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
    RETURN j LIMIT $max_fan_out
    UNION ALL
    WITH * WHERE NOT uniform
    MATCH (v)-[r:INTERACTED]->(j)
    WITH j, r LIMIT $max_fan_out
    WHERE coalesce($kind_weights[r.kind], 1.0) > 0
    RETURN DISTINCT j
  }
  WITH j, sum(near) AS sum, count(*) AS people
  WHERE NOT j IN hidden AND ($allowed IS NULL OR j.item_id IN $allowed)
  ORDER BY sum DESC, id(j) LIMIT $max_candidates
  WITH j, sum, people, CASE WHEN uniform
    THEN toFloat(COUNT { (j)<-[:INTERACTED]-() })
    ELSE toFloat(COUNT {
      MATCH (j)<-[r:INTERACTED]-(v)
      WITH v, r LIMIT $max_fan_out
      WHERE coalesce($kind_weights[r.kind], 1.0) > 0
      RETURN DISTINCT v
    }) END AS n_j
  WHERE n_j > 0
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
