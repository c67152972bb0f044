// What each of some users would rate items with, by their own ratings of the items nearest to them.
//
// rating(u,i) = mean(i) + sum of s(i,j) (r(u,j) - mean(j)) / sum of s(i,j), over the $n_neighbours nearest items j that u
// rated; mean(i) alone where there are none. It may leave the scale of the ratings. s by $measure:
// cosine: the sum of x y / (|x| |y|), where x and y are the weights of likes; jaccard: n / (n(i) + n(j) - n);
// pearson: the correlation of the ratings of the people who have both. n is the number of people who have both; s is then made smaller by
// $shrinkage and $significance (Herlocker, Konstan, Borchers and Riedl, SIGIR 1999), and only s > 0 counts. A like's
// weight is the largest of $kind_weights among the pair's kinds, and above 0; a rating is the one given last.
// Sarwar, Karypis, Konstan and Riedl, "Item-based collaborative filtering recommendation algorithms" (WWW 2001).
// `because_ids` are up to five of those items, those nearest first. Items without a rating, and unknown ids, give no rows.
//
// Cost is bounded: of a node with more than $max_fan_out relationships the first in the order of the store are followed.
//
// $wanted: maps of `user_id` and `item_ids`
// $n_neighbours: how many items count (default 40)
// $measure: one of cosine, jaccard, pearson (default "cosine")
// $shrinkage: s is multiplied by n / (n + this), as little is known by few (default 5.0)
// $significance: and by min(n, this) / this, where it is above 0 (default 0)
// $kind_weights: how much each kind says that a person likes an item; others weigh 1 (default {"view": 0.5, "click": 0.5, "skip": -0.5, "dislike": -1.0, "hide": -1.0})
// $max_fan_out: how many relationships of one node are followed (default 20000)
// returns: user_id, item_id, rating, because_ids
// access: read
// :param {wanted: [{user_id: '1', item_ids: ['50']}], n_neighbours: 40, measure: 'pearson', shrinkage: 5.0, significance: 0, kind_weights: {view: 0.5, click: 0.5, skip: -0.5, dislike: -1.0, hide: -1.0}, max_fan_out: 20000}

UNWIND $wanted AS ask
MATCH (u:User {user_id: ask.user_id})
UNWIND ask.item_ids AS item_id
MATCH (i:Item {item_id: item_id})
CALL (i) {
  WITH i AS j
  CALL (j) {
    MATCH (j)<-[r:INTERACTED]-(v:User)
    WITH v, r WHERE r.rating IS NOT NULL
    WITH v, r ORDER BY coalesce(r.last_at, -1000000000000000), r.rating
    WITH v, last(collect(r.rating)) AS given
    RETURN avg(toFloat(given)) AS mean
  }
  RETURN mean AS own_mean
}
WITH u, i, item_id, own_mean WHERE own_mean IS NOT NULL
CALL (i) {
  MATCH (i)<-[r:INTERACTED]-(v:User)
  WITH v, r LIMIT $max_fan_out
  WITH v, r ORDER BY coalesce(r.last_at, -1000000000000000), r.rating
  WITH v, max(coalesce($kind_weights[r.kind], 1.0)) AS weight, last(collect(r.rating)) AS rating
  WITH v, CASE WHEN $measure = 'pearson' THEN toFloat(rating) WHEN weight > 0 THEN CASE $measure WHEN 'cosine' THEN weight ELSE 1.0 END END AS x
  WHERE x IS NOT NULL
  RETURN collect([v, x]) AS raters, count(*) AS n_own, sqrt(sum(x * x)) AS norm
}
CALL (u, i, raters, n_own, norm) {
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
  MATCH (u)-[r:INTERACTED]->(j)
  WITH j, s, r WHERE r.rating IS NOT NULL
  WITH j, s, r ORDER BY coalesce(r.last_at, -1000000000000000), r.rating
  WITH j, s, last(collect(r.rating)) AS given
  ORDER BY round(s, 10) DESC, j.item_id LIMIT $n_neighbours
  CALL (j) {
    MATCH (j)<-[r:INTERACTED]-(v:User)
    WITH v, r WHERE r.rating IS NOT NULL
    WITH v, r ORDER BY coalesce(r.last_at, -1000000000000000), r.rating
    WITH v, last(collect(r.rating)) AS given
    RETURN avg(toFloat(given)) AS mean
  }
  RETURN sum(s * (given - mean)) AS shift, sum(s) AS whole, count(*) AS n_rated, collect(j.item_id)[..5] AS because_ids
}
RETURN u.user_id AS user_id, item_id, own_mean + CASE WHEN n_rated > 0 THEN shift / whole ELSE 0.0 END AS rating,
  because_ids
ORDER BY user_id, item_id
