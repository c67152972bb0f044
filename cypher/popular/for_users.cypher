// The items that most people like and that each of some users doesn't have yet.
//
// The score is that of popular/items; the ranking is made once for the whole batch, and each user's seen items are
// left out before the cut. An unknown user gets the ranking as it is.
//
// $user_ids: whom to recommend to
// $k: how many items to return for each (default 10)
// $kind_weights: how much each kind says that a person likes an item; others weigh 1 (default {"view": 0.5, "click": 0.5, "skip": -0.5, "dislike": -1.0, "hide": -1.0})
// $excluded: ids of items that must not come (default [])
// $allowed: ids of the only items that may come; null: all (default null)
// $include_seen: whether items the user already has may come (default false)
// returns: user_id, item_id, score, rank, people
// access: read
// scans: Item
// :param {user_ids: ['1'], k: 10, kind_weights: {view: 0.5, click: 0.5, skip: -0.5, dislike: -1.0, hide: -1.0}, excluded: [], allowed: null, include_seen: false}

OPTIONAL MATCH (g:Graph {name: 'graphrec'})
WITH coalesce(size(g.kinds) = 1 AND coalesce($kind_weights[g.kinds[0]], 1.0) > 0, false) AS uniform
MATCH (j:Item)
WHERE NOT j.item_id IN $excluded AND ($allowed IS NULL OR j.item_id IN $allowed)
CALL (j, uniform) {
  WITH * WHERE uniform
  RETURN COUNT { (j)<-[:INTERACTED]-() } AS people
  UNION ALL
  WITH * WHERE NOT uniform
  MATCH (j)<-[r:INTERACTED]-(v:User)
  WHERE coalesce($kind_weights[r.kind], 1.0) > 0
  WITH count(DISTINCT v) AS people WHERE people > 0
  RETURN people
}
WITH j, people WHERE people > 0
ORDER BY people DESC, j.item_id
WITH collect([j, people]) AS ranking
UNWIND $user_ids AS user_id
OPTIONAL MATCH (u:User {user_id: user_id})
CALL (u) {
  MATCH (u)-[:INTERACTED]->(i:Item)
  RETURN CASE WHEN $include_seen THEN [] ELSE collect(DISTINCT i) END AS hidden
}
CALL (ranking, hidden) {
  UNWIND ranking AS pair
  WITH pair[0] AS j, pair[1] AS people
  WHERE NOT j IN hidden
  WITH j, people LIMIT $k
  WITH collect([j.item_id, people]) AS best
  UNWIND range(1, size(best)) AS rank
  RETURN best[rank - 1][0] AS item_id, best[rank - 1][1] AS people, rank
}
RETURN user_id, item_id, toFloat(people) AS score, rank, people
ORDER BY user_id, rank
