// What each of some users likes, the latest first.
//
// `weight` is the largest of $kind_weights among the pair's kinds; pairs of weight 0 or less don't come. `kinds` are
// all kinds of the pair, `times` how often in sum, `rating` the one given last, `last_at` the last time (both may
// be null). `stated` is the weight that the data state, null where they state none. Items without a time come last.
//
// $user_ids: the users; an unknown id gives no rows
// $k: how many items to return for each (default 10)
// $kind_weights: how much each kind says that a person likes an item; others weigh 1 (default {"view": 0.5, "click": 0.5, "skip": -0.5, "dislike": -1.0, "hide": -1.0})
// returns: user_id, item_id, title, weight, stated, kinds, times, rating, last_at, rank
// access: read
// :param {user_ids: ['1'], k: 10, kind_weights: {view: 0.5, click: 0.5, skip: -0.5, dislike: -1.0, hide: -1.0}}

UNWIND $user_ids AS user_id
MATCH (u:User {user_id: user_id})
CALL (u) {
  MATCH (u)-[r:INTERACTED]->(i:Item)
  WITH i, r ORDER BY coalesce(r.last_at, 0) DESC, r.kind
  WITH i, max(coalesce($kind_weights[r.kind], 1.0)) AS weight,
    max(CASE WHEN coalesce($kind_weights[r.kind], 1.0) > 0 THEN r.weight END) AS stated,
    collect(DISTINCT r.kind) AS kinds, sum(coalesce(r.count, 1)) AS times, head(collect(r.rating)) AS rating,
    max(r.last_at) AS last_at
  WHERE weight > 0
  WITH i, weight, stated, kinds, times, rating, last_at
  ORDER BY coalesce(last_at, 0) DESC, i.item_id LIMIT $k
  WITH collect({item_id: i.item_id, title: i.title, weight: weight, stated: stated, kinds: kinds, times: times,
    rating: rating, last_at: last_at}) AS latest
  UNWIND range(1, size(latest)) AS rank
  RETURN latest[rank - 1] AS row, rank
}
RETURN user_id, row.item_id AS item_id, row.title AS title, row.weight AS weight, row.stated AS stated,
  row.kinds AS kinds, row.times AS times, row.rating AS rating, row.last_at AS last_at, rank
ORDER BY user_id, rank
