// What a slot of a model holds as similar to each of some items, as columns.
//
// item: position in $item_ids. similar: the number of `transfer/item_ids`.
//
// $model: the model's name
// $slot: the slot, a or b
// $item_ids: the items, a few thousand at a time
// returns: item, similar, score, rank
// access: read
// :param {model: 'chebyshev', slot: 'a', item_ids: ['1']}
CYPHER 25
UNWIND range(0, size($item_ids) - 1) AS position
MATCH (i:Item {item_id: $item_ids[position]})-[s:SIMILAR_A|SIMILAR_B {model: $model}]->(j:Item)
WHERE type(s) = 'SIMILAR_' + toUpper($slot)
RETURN collect(position) AS item, collect(id(j)) AS similar, collect(s.score) AS score, collect(s.rank) AS rank
