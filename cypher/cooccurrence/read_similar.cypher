// Items that a version of the co-occurrence batch holds as similar to each of some items.
//
// Written by cooccurrence/write_similar; the score is in the normalisation that it was given, and at most as many
// come as were written for the item. Masks are applied before the cut at $k. `support` leaves out who has opted out since,
// the score is as it was written; what only such people liked together doesn't come.
//
// $item_ids: the items to start from; an unknown id gives no rows
// $version: the version to read
// $k: how many items to return for each (default 10)
// $excluded: ids of items that must not come (default [])
// $allowed: ids of the only items that may come; null: all (default null)
// returns: item_id, similar_id, score, rank, support
// access: read
// :param {item_ids: ['50'], version: 'v1', k: 10, excluded: [], allowed: null}

UNWIND $item_ids AS item_id
MATCH (i:Item {item_id: item_id})
CALL (i) {
  MATCH (i)-[s:SIMILAR {model: 'cooccurrence', version: $version}]->(j:Item)
  WITH j, s, s.support - coalesce(s.withheld, 0) AS support
  WHERE support > 0 AND NOT j.item_id IN $excluded AND ($allowed IS NULL OR j.item_id IN $allowed)
  WITH j, s, support ORDER BY round(s.score, 10) DESC, j.item_id LIMIT $k
  WITH collect([j.item_id, s.score, support]) AS best
  UNWIND range(1, size(best)) AS rank
  RETURN best[rank - 1][0] AS similar_id, best[rank - 1][1] AS score, best[rank - 1][2] AS support, rank
}
RETURN item_id, similar_id, score, rank, support
ORDER BY item_id, rank
