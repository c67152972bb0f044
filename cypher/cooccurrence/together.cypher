// Items that people like together with each of some items, within a stretch of time where one is given.
//
// `support` counts the people who like both, with last times at most $within_ms apart; `confidence` is their share of
// the people who like the first; `lift` says how much more often that is than chance: confidence N / n(j).
// A pair without times is never within a stretch. Ordered by support, the measure of association rules
// (Agrawal, Imielinski, Swami, 1993).
//
// Of an item or person with more than $max_fan_out relationships the first in the order of the store are
// followed (it holds the newest first), so that a busy node costs no more; their counts are then those of a sample.
//
// $item_ids: the items to start from; an unknown id gives no rows
// $k: how many items to return for each (default 10)
// $within_ms: how far apart the two may lie, in milliseconds; null: any time (default null)
// $min_support: the least number of people who like both (default 2)
// $kind_weights: how much each kind says that a person likes an item; others weigh 1 (default {"view": 0.5, "click": 0.5, "skip": -0.5, "dislike": -1.0, "hide": -1.0})
// $max_fan_out: how many relationships of one node are followed (default 5000)
// $excluded: ids of items that must not come (default [])
// $allowed: ids of the only items that may come; null: all (default null)
// returns: item_id, together_id, support, confidence, lift, rank
// access: read
// :param {item_ids: ['50'], k: 10, within_ms: null, min_support: 2, kind_weights: {view: 0.5, click: 0.5, skip: -0.5, dislike: -1.0, hide: -1.0}, max_fan_out: 5000, excluded: [], allowed: null}

UNWIND $item_ids AS item_id
MATCH (i:Item {item_id: item_id})
OPTIONAL MATCH (g:Graph {name: 'graphrec'})
WITH item_id, i, COUNT { (:User) } AS n_people,
  coalesce(size(g.kinds) = 1 AND coalesce($kind_weights[g.kinds[0]], 1.0) > 0, false) AS uniform
CALL (i) {
  UNWIND $excluded AS excluded_id
  MATCH (x:Item {item_id: excluded_id})
  RETURN collect(x) AS excluded
}
CALL (i, uniform, excluded, n_people) {
  MATCH (i)<-[first:INTERACTED]-(v:User)
  WITH v, first LIMIT $max_fan_out
  WHERE coalesce($kind_weights[first.kind], 1.0) > 0
  WITH v, max(first.last_at) AS at
  CALL (v, at) {
    MATCH (v)-[r:INTERACTED]->(j:Item)
    WITH j, r LIMIT $max_fan_out
    WHERE coalesce($kind_weights[r.kind], 1.0) > 0
    WITH j, max(r.last_at) AS other_at
    WHERE $within_ms IS NULL OR abs(at - other_at) <= $within_ms
    RETURN collect(j) AS items
  }
  UNWIND items AS j
  WITH i, uniform, j, count(*) AS support
  WHERE j <> i AND support >= $min_support
    AND NOT j IN excluded AND ($allowed IS NULL OR j.item_id IN $allowed)
  ORDER BY support DESC, j.item_id LIMIT $k
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
  WITH j, support, support / n_i AS confidence, support * n_people / (n_i * n_j) AS lift
  ORDER BY support DESC, j.item_id
  WITH collect([j.item_id, support, confidence, lift]) AS best
  UNWIND range(1, size(best)) AS rank
  RETURN best[rank - 1] AS row, rank
}
RETURN item_id, row[0] AS together_id, row[1] AS support, row[2] AS confidence, row[3] AS lift, rank
ORDER BY item_id, rank
