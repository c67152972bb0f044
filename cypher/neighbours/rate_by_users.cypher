// What each of some users would rate items with, by the ratings of the people nearest to them.
//
// rating(u,j) = mean(u) + sum of s(u,v) (r(v,j) - mean(v)) / sum of s(u,v), over the $n_neighbours nearest people v who
// rated j; mean(u) alone where there are none. It may leave the scale of the ratings. s by $measure:
// cosine: the sum of x y / (|x| |y|), where x and y are the weights of likes; jaccard: n / (n(u) + n(v) - n);
// pearson: the correlation of the ratings of the items that both have. n is the number of items that both have; s is then made smaller by
// $shrinkage and $significance (Herlocker, Konstan, Borchers and Riedl, SIGIR 1999), and only s > 0 counts. A like's
// weight is the largest of $kind_weights among the pair's kinds, and above 0; a rating is the one given last.
// Resnick, Iacovou, Suchak, Bergstrom and Riedl, "GroupLens" (CSCW 1994). `people` is how many it rests on, null where they
// are fewer than $least_people. Users without a rating, and unknown ids, give no rows.
//
// Cost is bounded: of a node with more than $max_fan_out relationships the first in the order of the store are followed.
//
// $wanted: maps of `user_id` and `item_ids`
// $n_neighbours: how many people count for an item (default 40)
// $measure: one of cosine, jaccard, pearson (default "cosine")
// $shrinkage: s is multiplied by n / (n + this), as little is known by few (default 10.0)
// $significance: and by min(n, this) / this, where it is above 0 (default 0)
// $kind_weights: how much each kind says that a person likes an item; others weigh 1 (default {"view": 0.5, "click": 0.5, "skip": -0.5, "dislike": -1.0, "hide": -1.0})
// $max_fan_out: how many relationships of one node are followed (default 20000)
// $least_people: fewer people are not counted, so that nobody is singled out (default 5)
// returns: user_id, item_id, rating, people
// access: read
// :param {wanted: [{user_id: '1', item_ids: ['50']}], n_neighbours: 40, measure: 'pearson', shrinkage: 10.0, significance: 0, kind_weights: {view: 0.5, click: 0.5, skip: -0.5, dislike: -1.0, hide: -1.0}, max_fan_out: 20000, least_people: 5}

UNWIND $wanted AS ask
MATCH (u:User {user_id: ask.user_id})
CALL (u) {
  MATCH (u)-[r:INTERACTED]->(i:Item)
  WITH i, r ORDER BY coalesce(r.last_at, -1000000000000000), r.rating
  WITH i, max(coalesce($kind_weights[r.kind], 1.0)) AS weight, last(collect(r.rating)) AS rating
  WITH i, CASE WHEN $measure = 'pearson' THEN toFloat(rating) WHEN weight > 0 THEN CASE $measure WHEN 'cosine' THEN weight ELSE 1.0 END END AS x
  WHERE x IS NOT NULL
  RETURN collect([i, x]) AS mine, count(*) AS n_own, sqrt(sum(x * x)) AS norm
}
CALL (u) {
  WITH u AS v
  CALL (v) {
    MATCH (v)-[r:INTERACTED]->(i:Item)
    WITH i, r WHERE r.rating IS NOT NULL
    WITH i, r ORDER BY coalesce(r.last_at, -1000000000000000), r.rating
    WITH i, last(collect(r.rating)) AS given
    RETURN avg(toFloat(given)) AS mean
  }
  RETURN mean AS own_mean
}
WITH ask, u, mine, n_own, norm, own_mean WHERE own_mean IS NOT NULL
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
  CALL (v) {
    MATCH (v)-[r:INTERACTED]->(i:Item)
    WITH i, r WHERE r.rating IS NOT NULL
    WITH i, r ORDER BY coalesce(r.last_at, -1000000000000000), r.rating
    WITH i, last(collect(r.rating)) AS given
    RETURN avg(toFloat(given)) AS mean
  }
  RETURN collect([v, s, mean]) AS near
}
UNWIND ask.item_ids AS item_id
MATCH (j:Item {item_id: item_id})
CALL (near, j) {
  UNWIND near AS one
  WITH one[0] AS v, one[1] AS s, one[2] AS mean
  MATCH (v)-[r:INTERACTED]->(j)
  WITH v, s, mean, r WHERE r.rating IS NOT NULL
  WITH v, s, mean, r ORDER BY coalesce(r.last_at, -1000000000000000), r.rating
  WITH v, s, mean, last(collect(r.rating)) AS given
  ORDER BY round(s, 10) DESC, v.user_id LIMIT $n_neighbours
  RETURN sum(s * (given - mean)) AS shift, sum(s) AS whole, count(*) AS people
}
RETURN u.user_id AS user_id, item_id, own_mean + CASE WHEN people > 0 THEN shift / whole ELSE 0.0 END AS rating,
  CASE WHEN people >= $least_people THEN people END AS people
ORDER BY user_id, item_id
