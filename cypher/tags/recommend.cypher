// Items for each of some users whose tags are those of what the user likes, rare tags counting more.
//
// score(j) = the cosine of x(j) with the user's vector, the sum of w(u,i) * x(i) / |x(i)| over the items i they like:
// x(i,t) = w(i,t) * ln(N / n(t)), where w is the weight of HAS_TAG (1 where there is none), n(t) the number of items
// with the tag and N that of all items: a rare tag says more, and one that every item has says nothing
// (TF-IDF: Sparck Jones, 1972).
// w(u,i) is the largest of $kind_weights among the pair's kinds; 0 or less doesn't count. `tags` names up to five
// tags that add most. The user's $max_history latest items and $max_tags strongest tags are used, and of a tag on
// more than $max_fan_out items the first in the order of the store. Seen items are left out before the cut.
//
// $user_ids: whom to recommend to; an unknown id gives no rows
// $k: how many items to return for each (default 10)
// $kind_weights: how much each kind says that a person likes an item; others weigh 1 (default {"view": 0.5, "click": 0.5, "skip": -0.5, "dislike": -1.0, "hide": -1.0})
// $max_history: how many of the user's items are used, the latest (default 100)
// $max_tags: how many of the user's tags are followed, the strongest (default 25)
// $max_fan_out: how many items of one tag are followed (default 5000)
// $excluded: ids of items that must not come (default [])
// $allowed: ids of the only items that may come; null: all (default null)
// $include_seen: whether items the user already has may come (default false)
// returns: user_id, item_id, score, rank, tags
// access: read
// :param {user_ids: ['1'], k: 10, kind_weights: {view: 0.5, click: 0.5, skip: -0.5, dislike: -1.0, hide: -1.0}, max_history: 100, max_tags: 25, max_fan_out: 5000, excluded: [], allowed: null, include_seen: false}

UNWIND $user_ids AS user_id
MATCH (u:User {user_id: user_id})
WITH user_id, u, COUNT { (:Item) } AS n_items
CALL (u) {
  MATCH (u)-[r:INTERACTED]->(i:Item)
  WITH i, max(r.last_at) AS at, max(coalesce($kind_weights[r.kind], 1.0)) AS w
  ORDER BY coalesce(at, 0) DESC, i.item_id
  WITH collect(i) AS seen, collect(CASE WHEN w > 0 THEN [i, w] END)[..$max_history] AS liked
  RETURN seen, liked
}
CALL (seen) {
  UNWIND $excluded AS excluded_id
  MATCH (x:Item {item_id: excluded_id})
  WITH collect(x) AS excluded
  RETURN CASE WHEN $include_seen THEN [] ELSE seen END + excluded AS hidden
}
CALL (liked, n_items) {
  UNWIND liked AS step
  WITH step[0] AS i, step[1] AS w
  CALL (i, n_items) {
    MATCH (i)-[h:HAS_TAG]->(t:Tag)
    WITH t, coalesce(h.weight, 1.0) * log(toFloat(n_items) / COUNT { (t)<-[:HAS_TAG]-() }) AS x
    WHERE x > 0
    WITH collect([t, x]) AS parts, sqrt(sum(x * x)) AS norm
    UNWIND parts AS part
    RETURN part[0] AS t, part[1] / norm AS x
  }
  WITH t, sum(w * x) AS x
  ORDER BY round(x, 10) DESC, t.name
  WITH collect([t, x]) AS parts, sqrt(sum(x * x)) AS norm
  RETURN parts[..$max_tags] AS vector, norm
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
