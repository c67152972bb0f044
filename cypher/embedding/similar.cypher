// Items nearest to other items' vectors, found by the vector index and scored again exactly.
//
// $model: the model's name (default "lightgcn")
// $item_ids: the items to start from; those without a vector give no rows
// $k: how many items for each (default 10)
// $overfetch: how many times more than needed to ask the index for, 1 or more (default 2.0)
// returns: item_id, similar_id, score, version
// access: read
// :param {model: 'lightgcn', item_ids: ['1'], k: 10, overfetch: 2.0}
CYPHER 25
MATCH (g:Graph {name: 'graphrec'})
MATCH (m:Model {name: $model, version: g['live_' + $model]})
WITH m.version AS version, 'embedding_' + $model + '_' + m.slot AS property
UNWIND range(0, size($item_ids) - 1) AS position
MATCH (i:Item {item_id: $item_ids[position]})
WHERE i[property] IS NOT NULL
CALL (i, property) {
  WITH i, i[property] AS wanted
  CALL db.index.vector.queryNodes('item_' + property, toInteger(ceil(($k + 1) * $overfetch)), wanted) YIELD node AS j
  WITH i, j, wanted
  WHERE j <> i
  WITH j.item_id AS similar_id, 2 * vector.similarity.cosine(j[property], wanted) - 1 AS score
  RETURN similar_id, score
  ORDER BY round(score, 10) DESC, similar_id
  LIMIT $k
}
RETURN i.item_id AS item_id, similar_id, score, version
ORDER BY position, round(score, 10) DESC, similar_id
