// Items that share tags with each of some items, rare tags counting more.
//
// score = the cosine of the two items' tag vectors x:
// x(i,t) = w(i,t) * ln(N / n(t)), where w is the weight of HAS_TAG (1 where there is none), n(t) the number of items
// with the tag and N that of all items: a rare tag says more, and one that every item has says nothing
// (TF-IDF: Sparck Jones, 1972).
// `tags` names up to five shared tags, those that add most first. Of a tag on more than $max_fan_out items the first
// in the order of the store are taken.
//
// $item_ids: the items to start from; an unknown id gives no rows
// $k: how many items to return for each (default 10)
// $max_fan_out: how many items of one tag are followed (default 5000)
// $excluded: ids of items that must not come (default [])
// $allowed: ids of the only items that may come; null: all (default null)
// returns: item_id, similar_id, score, rank, tags
// access: read
// :param {item_ids: ['1'], k: 10, max_fan_out: 5000, excluded: [], allowed: null}

UNWIND $item_ids AS item_id
MATCH (i:Item {item_id: item_id})
WITH item_id, i, COUNT { (:Item) } AS n_items
CALL (i, n_items) {
  MATCH (i)-[h:HAS_TAG]->(t:Tag)
  WITH t, coalesce(h.weight, 1.0) * log(toFloat(n_items) / COUNT { (t)<-[:HAS_TAG]-() }) AS x
  RETURN collect([t, x]) AS vector, sqrt(sum(x * x)) AS norm
}
CALL (i, vector, norm, n_items) {
  UNWIND vector AS part
  WITH part[0] AS t, part[1] AS x
  WHERE x > 0
  CALL (t) {
    MATCH (t)<-[h:HAS_TAG]-(j:Item)
    WITH j, h LIMIT $max_fan_out
    RETURN j, coalesce(h.weight, 1.0) AS weight
  }
  WITH t, x, j, weight * log(toFloat(n_items) / COUNT { (t)<-[:HAS_TAG]-() }) AS y
  WHERE j <> i AND NOT j.item_id IN $excluded AND ($allowed IS NULL OR j.item_id IN $allowed)
  WITH t, j, x * y AS product
  ORDER BY round(product, 10) DESC, t.name
  WITH j, sum(product) AS dot, collect(t.name)[..5] AS tags
  WHERE dot > 0
  CALL (j, n_items) {
    MATCH (j)-[h:HAS_TAG]->(t:Tag)
    RETURN sqrt(sum((coalesce(h.weight, 1.0) * log(toFloat(n_items) / COUNT { (t)<-[:HAS_TAG]-() })) ^ 2)) AS other_norm
  }
  WITH j, dot / (norm * other_norm) AS score, tags
  ORDER BY round(score, 10) DESC, j.item_id LIMIT $k
  WITH collect([j.item_id, score, tags]) AS best
  UNWIND range(1, size(best)) AS rank
  RETURN best[rank - 1][0] AS similar_id, best[rank - 1][1] AS score, best[rank - 1][2] AS tags, rank
}
RETURN item_id, similar_id, score, rank, tags
ORDER BY item_id, rank
