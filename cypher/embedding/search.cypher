// Items nearest to users' vectors, found by the vector index.
//
// Seen items are left out before the cut: the index is asked for as many more as the user has seen, times $overfetch,
// and what it finds is scored again exactly. It is approximate: with a low $overfetch it may miss an item, and where
// the excluded ones are many it may find fewer than k. `embedding/exact` never does.
//
// $model: the model's name (default "lightgcn")
// $user_ids: the users; those without a vector, or who have opted out, give no rows
// $k: how many items a user (default 10)
// $overfetch: how many times more than needed to ask the index for, 1 or more (default 2.0)
// $excluded: items that never come back (default [])
// returns: user_id, item_id, score, version
// access: read
// :param {model: 'lightgcn', user_ids: ['1'], k: 10, overfetch: 2.0, excluded: []}
CYPHER 25
MATCH (g:Graph {name: 'graphrec'})
MATCH (m:Model {name: $model, version: g['live_' + $model]})
WITH m.version AS version, 'embedding_' + $model + '_' + m.slot AS property
UNWIND range(0, size($user_ids) - 1) AS position
MATCH (u:User {user_id: $user_ids[position]})
WHERE u[property] IS NOT NULL AND NOT u:OptedOut
CALL (u, property) {
  WITH u[property] AS wanted, COUNT { (u)-[:INTERACTED]->() } AS n_seen
  CALL db.index.vector.queryNodes(
    'item_' + property, toInteger(ceil(($k + n_seen + size($excluded)) * $overfetch)), wanted
  ) YIELD node AS i
  WITH i, wanted
  WHERE NOT i.item_id IN $excluded AND NOT EXISTS { (u)-[:INTERACTED]->(i) }
  WITH i.item_id AS item_id, 2 * vector.similarity.cosine(i[property], wanted) - 1 AS score
  RETURN item_id, score
  ORDER BY round(score, 10) DESC, item_id
  LIMIT $k
}
RETURN u.user_id AS user_id, item_id, score, version
ORDER BY position, round(score, 10) DESC, item_id
