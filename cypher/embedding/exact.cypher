// Items nearest to users' vectors, found by comparing every item.
//
// Cost: one comparison a user and item that has a vector.
//
// $model: the model's name (default "lightgcn")
// $user_ids: the users; those without a vector, or who have opted out, give no rows
// $k: how many items a user (default 10)
// $allowed: only these items may come back; null for all (default null)
// $excluded: items that never come back (default [])
// $seen: whether items that the user has seen may come back (default false)
// returns: user_id, item_id, score, version
// access: read
// scans: Item
// :param {model: 'lightgcn', user_ids: ['1'], k: 10, allowed: null, excluded: [], seen: false}
CYPHER 25
MATCH (g:Graph {name: 'graphrec'})
MATCH (m:Model {name: $model, version: g['live_' + $model]})
WITH m.version AS version, 'embedding_' + $model + '_' + m.slot AS property
UNWIND range(0, size($user_ids) - 1) AS position
MATCH (u:User {user_id: $user_ids[position]})
WHERE u[property] IS NOT NULL AND NOT u:OptedOut
CALL (u, property) {
  WITH u[property] AS wanted
  MATCH (i:Item)
  WHERE i[property] IS NOT NULL
    AND ($allowed IS NULL OR i.item_id IN $allowed)
    AND NOT i.item_id IN $excluded
    AND ($seen OR NOT EXISTS { (u)-[:INTERACTED]->(i) })
  WITH i.item_id AS item_id, 2 * vector.similarity.cosine(i[property], wanted) - 1 AS score
  RETURN item_id, score
  ORDER BY round(score, 10) DESC, item_id
  LIMIT $k
}
RETURN u.user_id AS user_id, item_id, score, version
ORDER BY position, round(score, 10) DESC, item_id
