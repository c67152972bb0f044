// Items that the live version of a model holds as similar to each of some items.
//
// At most as many come as the version holds for the item. An item that came after the training has none yet.
// Masks are applied before the cut at $k.
//
// $model: the model's name
// $item_ids: the items to start from; an unknown id gives no rows
// $k: how many items to return for each (default 10)
// $excluded: ids of items that must not come (default [])
// $allowed: ids of the only items that may come; null: all (default null)
// returns: item_id, similar_id, score, rank, version
// access: read
// :param {model: 'chebyshev', item_ids: ['50'], k: 10, excluded: [], allowed: null}
CYPHER 25
MATCH (g:Graph {name: 'graphrec'})
MATCH (m:Model {name: $model, version: g['live_' + $model]})
UNWIND $item_ids AS item_id
MATCH (i:Item {item_id: item_id})
CALL (i, m) {
  CALL (i, m) {
    WITH * WHERE m.slot = 'a'
    MATCH (i)-[s:SIMILAR_A {model: $model}]->(j:Item)
    RETURN j, s.score AS score
    UNION ALL
    WITH * WHERE m.slot = 'b'
    MATCH (i)-[s:SIMILAR_B {model: $model}]->(j:Item)
    RETURN j, s.score AS score
  }
  WITH j, score
  WHERE NOT j.item_id IN $excluded AND ($allowed IS NULL OR j.item_id IN $allowed)
  ORDER BY round(score, 10) DESC, j.item_id LIMIT $k
  WITH collect([j.item_id, score]) AS best
  UNWIND range(1, size(best)) AS rank
  RETURN best[rank - 1][0] AS similar_id, best[rank - 1][1] AS score, rank
}
RETURN item_id, similar_id, score, rank, m.version AS version
ORDER BY item_id, rank
