// Items nearest to each of some items, by who has both.
//
// score = s(i,j) by $measure:
// cosine: the sum of x y / (|x| |y|), where x and y are the weights of likes; jaccard: n / (n(i) + n(j) - n);
// pearson: the correlation of the ratings of the people who have both. n is the number of people who have both; s is then made smaller by
// $shrinkage and $significance (Herlocker, Konstan, Borchers and Riedl, SIGIR 1999), and only s > 0 counts. A like's
// weight is the largest of $kind_weights among the pair's kinds, and above 0; a rating is the one given last.
// Sarwar, Karypis, Konstan and Riedl, "Item-based collaborative filtering recommendation algorithms" (WWW 2001).
// `people` is n.
//
// Cost is bounded: of a node with more than $max_fan_out relationships the first in the order of the store are followed.
//
// $item_ids: the items to start from; an unknown id gives no rows
// $k: how many items to return for each (default 10)
// $measure: one of cosine, jaccard, pearson (default "cosine")
// $shrinkage: s is multiplied by n / (n + this), as little is known by few (default 5.0)
// $significance: and by min(n, this) / this, where it is above 0 (default 0)
// $kind_weights: how much each kind says that a person likes an item; others weigh 1 (default {"view": 0.5, "click": 0.5, "skip": -0.5, "dislike": -1.0, "hide": -1.0})
// $max_fan_out: how many relationships of one node are followed (default 20000)
// $excluded: ids of items that must not come (default [])
// $allowed: ids of the only items that may come; null: all (default null)
// returns: item_id, similar_id, score, rank, people
// access: read
// :param {item_ids: ['50'], k: 10, measure: 'cosine', shrinkage: 5.0, significance: 0, kind_weights: {view: 0.5, click: 0.5, skip: -0.5, dislike: -1.0, hide: -1.0}, max_fan_out: 20000, excluded: [], allowed: null}

UNWIND $item_ids AS item_id
MATCH (i:Item {item_id: item_id})
CALL (i) {
  MATCH (i)<-[r:INTERACTED]-(v:User)
  WITH v, r LIMIT $max_fan_out
  WITH v, r ORDER BY coalesce(r.last_at, -1000000000000000), r.rating
  WITH v, max(coalesce($kind_weights[r.kind], 1.0)) AS weight, last(collect(r.rating)) AS rating
  WITH v, CASE WHEN $measure = 'pearson' THEN toFloat(rating) WHEN weight > 0 THEN CASE $measure WHEN 'cosine' THEN weight ELSE 1.0 END END AS x
  WHERE x IS NOT NULL
  RETURN collect([v, x]) AS raters, count(*) AS n_own, sqrt(sum(x * x)) AS norm
}
CALL (i, raters, n_own, norm) {
  UNWIND raters AS own
  WITH own[0] AS v, own[1] AS x
  CALL (v) {
    MATCH (v)-[r:INTERACTED]->(j:Item)
    RETURN j, r LIMIT $max_fan_out
  }
  WITH v, x, j, r WHERE j <> i
  WITH v, x, j, r ORDER BY coalesce(r.last_at, -1000000000000000), r.rating
  WITH v, x, j, max(coalesce($kind_weights[r.kind], 1.0)) AS weight, last(collect(r.rating)) AS rating
  WITH j, x, CASE WHEN $measure = 'pearson' THEN toFloat(rating) WHEN weight > 0 THEN CASE $measure WHEN 'cosine' THEN weight ELSE 1.0 END END AS y
  WHERE y IS NOT NULL
  WITH j, count(*) AS n, sum(x) AS sx, sum(y) AS sy, sum(x * y) AS sxy, sum(x * x) AS sxx, sum(y * y) AS syy
  CALL (j) {
    MATCH (j)<-[r:INTERACTED]-(v:User)
    WITH v, max(coalesce($kind_weights[r.kind], 1.0)) AS weight
    WHERE weight > 0
    RETURN count(*) AS n_other, sqrt(sum(weight * weight)) AS other_norm
  }
  WITH j, n, CASE $measure
      WHEN 'cosine' THEN sxy / (norm * other_norm)
      WHEN 'jaccard' THEN toFloat(n) / (n_own + n_other - n)
      WHEN 'pearson' THEN CASE WHEN n * sxx - sx * sx > 1e-9 AND n * syy - sy * sy > 1e-9
        THEN (n * sxy - sx * sy) / sqrt((n * sxx - sx * sx) * (n * syy - sy * sy)) ELSE 0.0 END
    END * n / (n + $shrinkage) *
    CASE WHEN $significance > n THEN toFloat(n) / $significance ELSE 1.0 END AS s
  WHERE s > 0
    AND NOT j.item_id IN $excluded AND ($allowed IS NULL OR j.item_id IN $allowed)
  WITH j, s, n
  ORDER BY round(s, 10) DESC, j.item_id LIMIT $k
  WITH collect([j.item_id, s, n]) AS best
  UNWIND range(1, size(best)) AS rank
  RETURN best[rank - 1][0] AS similar_id, best[rank - 1][1] AS score, best[rank - 1][2] AS people, rank
}
RETURN item_id, similar_id, score, rank, people
ORDER BY item_id, rank
