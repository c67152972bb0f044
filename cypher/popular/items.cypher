// The items that most people like.
//
// The score is the number of people whose largest of $kind_weights among their kinds of interaction with the item is
// above 0; each counts once. An item that nobody likes doesn't come.
//
// $k: how many items to return (default 10)
// $kind_weights: how much each kind says that a person likes an item; others weigh 1 (default {"view": 0.5, "click": 0.5, "skip": -0.5, "dislike": -1.0, "hide": -1.0})
// $excluded: ids of items that must not come (default [])
// $allowed: ids of the only items that may come; null: all (default null)
// returns: item_id, score, rank, people
// access: read
// scans: Item
// :param {k: 10, kind_weights: {view: 0.5, click: 0.5, skip: -0.5, dislike: -1.0, hide: -1.0}, excluded: [], allowed: null}

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
ORDER BY people DESC, j.item_id LIMIT $k
WITH collect([j.item_id, people]) AS best
UNWIND range(1, size(best)) AS rank
RETURN best[rank - 1][0] AS item_id, toFloat(best[rank - 1][1]) AS score, rank, best[rank - 1][1] AS people
ORDER BY rank
