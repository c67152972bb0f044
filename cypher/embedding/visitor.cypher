// Items nearest to the mean vector of weighted items: a visitor without an account.
//
// The vector ends as those of users do (`ending` of the Model), not as those of items, which may say there how popular
// they are.
//
// $model: the model's name (default "lightgcn")
// $item_ids: what the visitor liked; items without a vector are passed over
// $weights: how much, one a item
// $k: how many items (default 10)
// $overfetch: how many times more than needed to ask the index for, 1 or more (default 2.0)
// $excluded: items that never come back, beside those liked (default [])
// returns: item_id, score, version
// access: read
// :param {model: 'lightgcn', item_ids: ['1', '2'], weights: [1.0, 0.5], k: 10, overfetch: 2.0, excluded: []}
CYPHER 25
MATCH (g:Graph {name: 'graphrec'})
MATCH (m:Model {name: $model, version: g['live_' + $model]})
WITH m.version AS version, m.dim AS dim, coalesce(m.ending, []) AS ending,
  'embedding_' + $model + '_' + m.slot AS property
UNWIND range(0, size($item_ids) - 1) AS position
MATCH (liked:Item {item_id: $item_ids[position]})
WHERE liked[property] IS NOT NULL
WITH version, dim, ending, property, collect({weight: $weights[position], vector: liked[property]}) AS parts
WITH version, ending, property,
  [d IN range(0, dim - size(ending) - 1) | reduce(sum = 0.0, part IN parts | sum + part.weight * part.vector[d])] AS mean
WHERE any(number IN mean WHERE number <> 0)
WITH version, property, mean, ending, sqrt(reduce(sum = 0.0, number IN mean | sum + number * number)) AS length
WITH version, property, mean + [part IN ending | part * length] AS wanted
CALL db.index.vector.queryNodes(
  'item_' + property, toInteger(ceil(($k + size($item_ids) + size($excluded)) * $overfetch)), wanted
) YIELD node AS i
WITH i, version, property, wanted
WHERE NOT i.item_id IN $item_ids AND NOT i.item_id IN $excluded
WITH i.item_id AS item_id, 2 * vector.similarity.cosine(i[property], wanted) - 1 AS score, version
RETURN item_id, score, version
ORDER BY round(score, 10) DESC, item_id
LIMIT $k
