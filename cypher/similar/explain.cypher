// Which of a user's items add how much to the score of items recommended to them by similar/recommend.
//
// `part` is w(u,i) * s(i,j) of the user's item i, and `share` its part of the recommended item's score: all parts of an
// item add up to the score that similar/recommend gives with the same settings. An item that no other leads to gives
// no rows.
//
// $model: the model's name
// $wanted: maps of `user_id` and `item_ids`, the items to explain
// $k: how many of the user's items to name for each (default 3)
// $kind_weights: how much each kind says that a person likes an item; others weigh 1 (default {"view": 0.5, "click": 0.5, "skip": -0.5, "dislike": -1.0, "hide": -1.0})
// $max_history: how many of the user's items are followed, the latest (default 100)
// returns: user_id, item_id, because_id, part, share, rank
// access: read
// :param {model: 'chebyshev', wanted: [{user_id: '1', item_ids: ['50']}], k: 3, kind_weights: {view: 0.5, click: 0.5, skip: -0.5, dislike: -1.0, hide: -1.0}, max_history: 100}
CYPHER 25
MATCH (g:Graph {name: 'graphrec'})
MATCH (m:Model {name: $model, version: g['live_' + $model]})
UNWIND $wanted AS ask
MATCH (u:User {user_id: ask.user_id})

// What the user likes, the latest first, and how much.
CALL (u) {
  MATCH (u)-[r:INTERACTED]->(i:Item)
  WITH i, max(r.last_at) AS at, max(coalesce($kind_weights[r.kind], 1.0)) AS w
  ORDER BY coalesce(at, 0) DESC, i.item_id
  RETURN collect(CASE WHEN w > 0 THEN [i, w] END)[..$max_history] AS liked
}

CALL (ask) {
  UNWIND ask.item_ids AS wanted_id
  MATCH (x:Item {item_id: wanted_id})
  RETURN collect(x) AS wanted
}

CALL (m, liked, wanted) {
  CALL (m, liked, wanted) {
    WITH * WHERE m.slot = 'a'
    UNWIND liked AS liking
    WITH liking[0] AS i, liking[1] AS w, wanted
    MATCH (i)-[s:SIMILAR_A {model: $model}]->(j)
    WHERE j IN wanted
    RETURN i, j, w * s.score AS part
    UNION ALL
    WITH * WHERE m.slot = 'b'
    UNWIND liked AS liking
    WITH liking[0] AS i, liking[1] AS w, wanted
    MATCH (i)-[s:SIMILAR_B {model: $model}]->(j)
    WHERE j IN wanted
    RETURN i, j, w * s.score AS part
  }
  WITH i, j, part ORDER BY round(part, 10) DESC, i.item_id
  WITH j, collect([i.item_id, part]) AS ways, sum(part) AS all
  UNWIND range(1, size(ways[..$k])) AS rank
  RETURN j.item_id AS item_id, ways[rank - 1][0] AS because_id, ways[rank - 1][1] AS part, ways[rank - 1][1] / all AS share,
    rank
}
RETURN u.user_id AS user_id, item_id, because_id, part, share, rank
ORDER BY user_id, item_id, rank
