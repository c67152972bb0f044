// Items for each of some visitors without an account, by the graph of similar items, from items given with weights.
//
// score(j) = sum over the visitor's items i of w(i) * s(i,j), where w is the weight given and s the score that the live
// version of the model holds: as similar/recommend for a user who likes the same. `because_id` is the visitor's item
// that adds most. Items of weight 0 or less are only hidden.
//
// $model: the model's name
// $visitors: maps of `visitor` (a number or name that comes back) and `items` (pairs of item id and weight)
// $k: how many items to return for each (default 10)
// $excluded: ids of items that must not come (default [])
// $allowed: ids of the only items that may come; null: all (default null)
// $include_seen: whether the items given may come back (default false)
// returns: visitor, item_id, score, rank, because_id, version
// access: read
// :param {model: 'chebyshev', visitors: [{visitor: 0, items: [['50', 1.0], ['172', 0.5]]}], k: 10, excluded: [], allowed: null, include_seen: false}
CYPHER 25
MATCH (g:Graph {name: 'graphrec'})
MATCH (m:Model {name: $model, version: g['live_' + $model]})
UNWIND $visitors AS given

// The items given, and how much each weighs.
CALL (given) {
  UNWIND given.items AS pair
  MATCH (i:Item {item_id: pair[0]})
  WITH i, max(toFloat(pair[1])) AS w
  ORDER BY i.item_id
  RETURN collect(i) AS seen, collect(CASE WHEN w > 0 THEN [i, w] END) AS liked
}

// What must not come.
CALL (seen) {
  UNWIND $excluded AS excluded_id
  MATCH (x:Item {item_id: excluded_id})
  WITH collect(x) AS excluded
  RETURN CASE WHEN $include_seen THEN [] ELSE seen END + excluded AS hidden
}

CALL (m, liked, hidden) {
  CALL (m, liked) {
    WITH * WHERE m.slot = 'a'
    UNWIND liked AS liking
    WITH liking[0] AS i, liking[1] AS w
    MATCH (i)-[s:SIMILAR_A {model: $model}]->(j)
    RETURN j, sum(w * s.score) AS score, collect([i.item_id, w * s.score]) AS parts
    UNION ALL
    WITH * WHERE m.slot = 'b'
    UNWIND liked AS liking
    WITH liking[0] AS i, liking[1] AS w
    MATCH (i)-[s:SIMILAR_B {model: $model}]->(j)
    RETURN j, sum(w * s.score) AS score, collect([i.item_id, w * s.score]) AS parts
  }
  WITH j, score, parts
  WHERE NOT j IN hidden AND ($allowed IS NULL OR j.item_id IN $allowed)
  ORDER BY round(score, 10) DESC, j.item_id LIMIT $k
  CALL (parts) {
    UNWIND parts AS part
    RETURN part[0] AS because_id ORDER BY round(part[1], 10) DESC, because_id LIMIT 1
  }
  WITH j, score, because_id ORDER BY round(score, 10) DESC, j.item_id
  WITH collect([j.item_id, score, because_id]) AS best
  UNWIND range(1, size(best)) AS rank
  RETURN best[rank - 1][0] AS item_id, best[rank - 1][1] AS score, best[rank - 1][2] AS because_id, rank
}
RETURN given.visitor AS visitor, item_id, score, rank, because_id, m.version AS version
ORDER BY visitor, rank
