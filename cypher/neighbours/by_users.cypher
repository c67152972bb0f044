// Items for each of some profiles, by what the people nearest to them like.
//
// score(j) = sum of s(u,v) w(v,j) over the $n_neighbours nearest people v, w how much v likes the item, and s by $measure:
// cosine: the sum of x y / (|x| |y|), where x and y are the weights of likes; jaccard: n / (n(u) + n(v) - n);
// pearson: the correlation of the ratings of the items that both have. n is the number of items that both have; s is then made smaller by
// $shrinkage and $significance (Herlocker, Konstan, Borchers and Riedl, SIGIR 1999), and only s > 0 counts. A like's
// weight is the largest of $kind_weights among the pair's kinds, and above 0; a rating is the one given last.
// Resnick, Iacovou, Suchak, Bergstrom and Riedl, "GroupLens: an open architecture for collaborative filtering" (CSCW
// 1994). `people` is how many of those nearest people like the item.
//
// Cost is bounded: of a node with more than $max_fan_out relationships the first in the order of the store are followed.
//
// $asked: maps of `key`, which comes back, `user_id`, and `items`: null, or the pairs of id and weight of a visitor
// $k: how many items to return for each (default 10)
// $n_neighbours: how many people count (default 50)
// $measure: one of cosine, jaccard, pearson (default "cosine")
// $shrinkage: s is multiplied by n / (n + this), as little is known by few (default 10.0)
// $significance: and by min(n, this) / this, where it is above 0 (default 0)
// $kind_weights: how much each kind says that a person likes an item; others weigh 1 (default {"view": 0.5, "click": 0.5, "skip": -0.5, "dislike": -1.0, "hide": -1.0})
// $max_fan_out: how many relationships of one node are followed (default 20000)
// $excluded: ids of items that must not come (default [])
// $allowed: ids of the only items that may come; null: all (default null)
// $include_seen: whether items the user already has may come (default false)
// returns: key, item_id, score, rank, people
// access: read
// :param {asked: [{key: '1', user_id: '1', items: null}], k: 10, n_neighbours: 50, measure: 'cosine', shrinkage: 10.0, significance: 0, kind_weights: {view: 0.5, click: 0.5, skip: -0.5, dislike: -1.0, hide: -1.0}, max_fan_out: 20000, excluded: [], allowed: null, include_seen: false}

UNWIND $asked AS ask
OPTIONAL MATCH (u:User {user_id: ask.user_id})
CALL (ask, u) {
  WITH * WHERE ask.items IS NULL
  MATCH (u)-[r:INTERACTED]->(i:Item)
  WITH i, r ORDER BY coalesce(r.last_at, -1000000000000000), r.rating
  WITH i, max(coalesce($kind_weights[r.kind], 1.0)) AS weight, last(collect(r.rating)) AS rating
  WITH i, CASE WHEN $measure = 'pearson' THEN toFloat(rating) WHEN weight > 0 THEN CASE $measure WHEN 'cosine' THEN weight ELSE 1.0 END END AS x
  WHERE x IS NOT NULL
  RETURN collect([i, x]) AS mine, count(*) AS n_own, sqrt(sum(x * x)) AS norm
  UNION ALL
  WITH * WHERE ask.items IS NOT NULL
  UNWIND ask.items AS pair
  MATCH (i:Item {item_id: pair[0]})
  WITH i, CASE $measure WHEN 'jaccard' THEN 1.0 ELSE toFloat(pair[1]) END AS x
  RETURN collect([i, x]) AS mine, count(*) AS n_own, sqrt(sum(x * x)) AS norm
}
WITH ask, u, mine, n_own, norm WHERE n_own > 0
CALL (u, mine, n_own, norm) {
  UNWIND mine AS own
  WITH own[0] AS i, own[1] AS x
  CALL (i) {
    MATCH (i)<-[r:INTERACTED]-(v:User)
    RETURN v, r LIMIT $max_fan_out
  }
  WITH i, x, v, r WHERE u IS NULL OR v <> u
  WITH i, x, v, r ORDER BY coalesce(r.last_at, -1000000000000000), r.rating
  WITH i, x, v, max(coalesce($kind_weights[r.kind], 1.0)) AS weight, last(collect(r.rating)) AS rating
  WITH v, x, CASE WHEN $measure = 'pearson' THEN toFloat(rating) WHEN weight > 0 THEN CASE $measure WHEN 'cosine' THEN weight ELSE 1.0 END END AS y
  WHERE y IS NOT NULL
  WITH v, count(*) AS n, sum(x) AS sx, sum(y) AS sy, sum(x * y) AS sxy, sum(x * x) AS sxx, sum(y * y) AS syy
  CALL (v) {
    MATCH (v)-[r:INTERACTED]->(i:Item)
    WITH i, max(coalesce($kind_weights[r.kind], 1.0)) AS weight
    WHERE weight > 0
    RETURN count(*) AS n_other, sqrt(sum(weight * weight)) AS other_norm
  }
  WITH v, CASE $measure
      WHEN 'cosine' THEN sxy / (norm * other_norm)
      WHEN 'jaccard' THEN toFloat(n) / (n_own + n_other - n)
      WHEN 'pearson' THEN CASE WHEN n * sxx - sx * sx > 1e-9 AND n * syy - sy * sy > 1e-9
        THEN (n * sxy - sx * sy) / sqrt((n * sxx - sx * sx) * (n * syy - sy * sy)) ELSE 0.0 END
    END * n / (n + $shrinkage) *
    CASE WHEN $significance > n THEN toFloat(n) / $significance ELSE 1.0 END AS s
  WHERE s > 0
  ORDER BY round(s, 10) DESC, v.user_id LIMIT $n_neighbours
  CALL (v) {
    MATCH (v)-[r:INTERACTED]->(j:Item)
    WITH j, r LIMIT $max_fan_out
    WITH j, max(coalesce($kind_weights[r.kind], 1.0)) AS w
    WHERE w > 0
    RETURN j, w
  }
  WITH j, s, w
  WHERE NOT j.item_id IN $excluded AND ($allowed IS NULL OR j.item_id IN $allowed)
    AND ($include_seen OR u IS NULL OR NOT EXISTS { (u)-[:INTERACTED]->(j) })
  WITH j, sum(s * w) AS score, count(*) AS people
  ORDER BY round(score, 10) DESC, j.item_id LIMIT $k
  WITH collect([j.item_id, score, people]) AS best
  UNWIND range(1, size(best)) AS rank
  RETURN best[rank - 1][0] AS item_id, best[rank - 1][1] AS score, best[rank - 1][2] AS people, rank
}
RETURN ask.key AS key, item_id, score, rank, people
ORDER BY key, rank
