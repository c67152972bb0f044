// The similar items of some items in a slot of a model, in place of those that they had there; how many were written.
//
// All items are found once a batch and then by position. Nothing is written where one of $similar_ids is gone.
//
// Each slot has a relationship type of its own, so that the versions of a model don't slow each other down: as a
// property that is compared, the slot made similar/recommend twice as slow, and a dynamic type in MATCH, which reads
// all relationships of an item and compares their types, slower still.
//
// $model: the model's name
// $slot: the idle slot, a or b
// $item_ids: the items, and $starts: where the rows of each begin, and the number of rows
// $starts: one number more than there are items
// $similar_ids: the different similar items, and $similar: a position among them for each row
// $similar: positions in $similar_ids, the best of each item first
// $score: one for each row
// returns: written
// access: write
// :param {model: 'chebyshev', slot: 'a', item_ids: ['1'], starts: [0, 1], similar_ids: ['2'], similar: [0], score: [0.5]}
CYPHER 25
UNWIND range(0, size($similar_ids) - 1) AS position
MATCH (j:Item {item_id: $similar_ids[position]})
WITH position, j ORDER BY position
WITH collect(j) AS all_similar
WHERE size(all_similar) = size($similar_ids)
UNWIND range(0, size($item_ids) - 1) AS position
MATCH (i:Item {item_id: $item_ids[position]})
CALL (i) {
  MATCH (i)-[old:SIMILAR_A|SIMILAR_B {model: $model}]->()
  WHERE type(old) = 'SIMILAR_' + toUpper($slot)
  DELETE old
}
CALL (i, position, all_similar) {
  UNWIND range($starts[position], $starts[position + 1] - 1) AS row
  WITH i, all_similar[$similar[row]] AS j, row, position
  CREATE (i)-[:$('SIMILAR_' + toUpper($slot)) {
    model: $model, score: $score[row], rank: row - $starts[position] + 1
  }]->(j)
  RETURN count(*) AS n_rows
}
RETURN sum(n_rows) AS written
