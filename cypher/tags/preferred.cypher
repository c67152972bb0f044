// Items for each of some users whose tags are those that the user prefers, by the features that `graphrec features` wrote.
//
// score(j) = the cosine of x(j) with the user's vector p(u,t) * ln(N / n(t)): p is the feature's weight, from -1 to 1, so
// what was rated low or skipped speaks against its tags; x(j,t) = w(j,t) * ln(N / n(t)), where w is the weight of HAS_TAG
// (1 where there is none), n(t) the number of items with the tag and N that of all items. `tags` names up to five tags
// that add most. Of a tag on more than $max_fan_out items the first in the order of the store are followed. Seen items
// are left out before the cut. It reads no history, so it costs the same for everybody.
//
// $user_ids: whom to recommend to; an unknown id, or one without the features, gives no rows
// $k: how many items to return for each (default 10)
// $max_fan_out: how many items of one tag are followed (default 5000)
// $excluded: ids of items that must not come (default [])
// $allowed: ids of the only items that may come; null: all (default null)
// $include_seen: whether items the user already has may come (default false)
// returns: user_id, item_id, score, rank, tags
// access: read
// :param {user_ids: ['1'], k: 10, max_fan_out: 5000, excluded: [], allowed: null, include_seen: false}

UNWIND $user_ids AS user_id
MATCH (u:User {user_id: user_id})
WHERE u.feature_tags IS NOT NULL
WITH user_id, u, COUNT { (:Item) } AS n_items
CALL (u) {
  OPTIONAL MATCH (u)-[:INTERACTED]->(i:Item)
  WITH collect(DISTINCT i) AS seen
  UNWIND $excluded + [null] AS excluded_id
  OPTIONAL MATCH (x:Item {item_id: excluded_id})
  WITH seen, collect(x) AS excluded
  RETURN CASE WHEN $include_seen THEN [] ELSE seen END + excluded AS hidden
}
CALL (u, n_items) {
  UNWIND range(0, size(u.feature_tags) - 1) AS place
  MATCH (t:Tag {name: u.feature_tags[place]})
  WITH t, u.feature_tag_weights[place] * log(toFloat(n_items) / COUNT { (t)<-[:HAS_TAG]-() }) AS x
  WHERE x <> 0
  RETURN collect([t, x]) AS vector, sqrt(sum(x * x)) AS norm
}
CALL (vector, norm, hidden, n_items) {
  UNWIND vector AS part
  WITH part[0] AS t, part[1] AS x
  CALL (t) {
    MATCH (t)<-[h:HAS_TAG]-(j:Item)
    WITH j, h LIMIT $max_fan_out
    RETURN j, coalesce(h.weight, 1.0) AS weight
  }
  WITH t, x, j, weight * log(toFloat(n_items) / COUNT { (t)<-[:HAS_TAG]-() }) AS y
  WHERE NOT j IN hidden AND ($allowed IS NULL OR j.item_id IN $allowed)
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
  RETURN best[rank - 1][0] AS item_id, best[rank - 1][1] AS score, best[rank - 1][2] AS tags, rank
}
RETURN user_id, item_id, score, rank, tags
ORDER BY user_id, rank
