// Items nearest to the mean vector of weighted items, found by comparing every item.
//
// The vector ends as those of users do (`ending` of the Model), not as those of items, which may say there how popular
// they are.
//
// Cost: one comparison an item that has a vector.
//
// $model: the model's name
// $item_ids: what the visitor liked; items without a vector are passed over
// $weights: how much, one a item
// $k: how many items
// $allowed: only these items may come back; null for all
// $excluded: items that never come back
// returns: item_id, score, version
// access: read
// scans: Item
// :param {model: 'lightgcn', item_ids: ['1', '2'], weights: [1.0, 0.5], k: 10, allowed: null, excluded: []}
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
MATCH (i:Item)
WHERE i[property] IS NOT NULL
  AND ($allowed IS NULL OR i.item_id IN $allowed)
  AND NOT i.item_id IN $excluded
WITH i.item_id AS item_id, 2 * vector.similarity.cosine(i[property], wanted) - 1 AS score, version
RETURN item_id, score, version
ORDER BY round(score, 10) DESC, item_id
LIMIT $k
