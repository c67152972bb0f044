// For each of some items, the liked items whose vectors lie nearest to its own.
//
// Cost: one comparison a pair of item and liked item. Items without a vector give no rows.
//
// $model: the model's name
// $groups: maps of `items` (ids) and `liked` (ids of the items to compare with)
// $k: how many liked items for each
// returns: position, item_id, liked_id, liked_title, score
// access: read
// :param {model: 'lightgcn', groups: [{items: ['1', '2'], liked: ['3', '4']}], k: 3}
CYPHER 25
MATCH (g:Graph {name: 'graphrec'})
MATCH (m:Model {name: $model, version: g['live_' + $model]})
WITH 'embedding_' + $model + '_' + m.slot AS property
UNWIND range(0, size($groups) - 1) AS position
CALL (property, position) {
  UNWIND $groups[position].liked AS liked_id
  MATCH (liked:Item {item_id: liked_id})
  WHERE liked[property] IS NOT NULL
  RETURN collect(liked) AS all_liked
}
UNWIND $groups[position].items AS item_id
MATCH (i:Item {item_id: item_id})
WHERE i[property] IS NOT NULL
CALL (i, property, all_liked) {
  UNWIND all_liked AS liked
  WITH liked, 2 * vector.similarity.cosine(i[property], liked[property]) - 1 AS score
  RETURN liked.item_id AS liked_id, liked.title AS liked_title, score
  ORDER BY round(score, 10) DESC, liked_id
  LIMIT $k
}
RETURN position, i.item_id AS item_id, liked_id, liked_title, score
ORDER BY position, item_id, round(score, 10) DESC, liked_id
