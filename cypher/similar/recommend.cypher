// Items for each of some users, by the graph of similar items that the live version of a model holds.
//
// score(j) = sum over the user's items i of w(u,i) * s(i,j), where w is the weight of the pair, the largest of
// $kind_weights among its kinds, and s the score of the relationship: what a linear filter of the item graph gives,
// cut to the similar items that are stored. Users who came after the training are scored as any other, and so is
// what users did since. An item without similar ones (it came later) adds nothing, and isn't found.
//
// Cost is bounded: the user's $max_history latest items, and the similar items stored of each in both slots, those of
// other models too. Seen items are left out before the cut.
//
// $model: the model's name
// $user_ids: whom to recommend to; an unknown id gives no rows
// $k: how many items to return for each (default 10)
// $kind_weights: how much each kind says that a person likes an item; others weigh 1 (default {"view": 0.5, "click": 0.5, "skip": -0.5, "dislike": -1.0, "hide": -1.0})
// $max_history: how many of the user's items are followed, the latest (default 100)
// $excluded: ids of items that must not come (default [])
// $allowed: ids of the only items that may come; null: all (default null)
// $include_seen: whether items the user already has may come (default false)
// returns: user_id, item_id, score, rank, version
// access: read
// :param {model: 'chebyshev', user_ids: ['1'], k: 10, kind_weights: {view: 0.5, click: 0.5, skip: -0.5, dislike: -1.0, hide: -1.0}, max_history: 100, excluded: [], allowed: null, include_seen: false}
CYPHER 25
MATCH (g:Graph {name: 'graphrec'})
MATCH (m:Model {name: $model, version: g['live_' + $model]})
UNWIND $user_ids AS user_id
MATCH (u:User {user_id: user_id})

// What the user likes, the latest first, and how much.
CALL (u) {
  MATCH (u)-[r:INTERACTED]->(i:Item)
  WITH i, max(r.last_at) AS at, max(coalesce($kind_weights[r.kind], 1.0)) AS w
  ORDER BY coalesce(at, 0) DESC, i.item_id
  WITH collect(i) AS seen, collect(CASE WHEN w > 0 THEN [i, w] END)[..$max_history] AS liked
  RETURN seen, liked
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
    RETURN j, sum(w * s.score) AS score
    UNION ALL
    WITH * WHERE m.slot = 'b'
    UNWIND liked AS liking
    WITH liking[0] AS i, liking[1] AS w
    MATCH (i)-[s:SIMILAR_B {model: $model}]->(j)
    RETURN j, sum(w * s.score) AS score
  }
  WITH j, score
  WHERE NOT j IN hidden AND ($allowed IS NULL OR j.item_id IN $allowed)
  ORDER BY round(score, 10) DESC, j.item_id LIMIT $k
  WITH collect([j.item_id, score]) AS best
  UNWIND range(1, size(best)) AS rank
  RETURN best[rank - 1][0] AS item_id, best[rank - 1][1] AS score, rank
}
RETURN user_id, item_id, score, rank, m.version AS version
ORDER BY user_id, rank
