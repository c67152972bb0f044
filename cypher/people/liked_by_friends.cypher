// Items that the people whom each of some users follows like, and the user doesn't have.
//
// score(j) = the sum over friends v of w(v,j), divided by n(j)^beta: w is the largest of $kind_weights among the
// pair's kinds (a pair counts once; 0 or less doesn't count), n(j) the number of relationships that point to the item.
// `people` is the number of friends who like it. Of a friend with more than $max_fan_out relationships the first in
// the order of the store are taken. Seen items are left out before the cut.
//
// $user_ids: whom to recommend to; an unknown id gives no rows
// $k: how many items to return for each (default 10)
// $beta: how much popular items are held back: 0 not at all, 1 in full (default 0.1)
// $kind_weights: how much each kind says that a person likes an item; others weigh 1 (default {"view": 0.5, "click": 0.5, "skip": -0.5, "dislike": -1.0, "hide": -1.0})
// $max_fan_out: how many relationships of one node are followed (default 5000)
// $excluded: ids of items that must not come (default [])
// $allowed: ids of the only items that may come; null: all (default null)
// $include_seen: whether items the user already has may come (default false)
// returns: user_id, item_id, score, rank, people
// access: read
// :param {user_ids: ['1'], k: 10, beta: 0.1, kind_weights: {view: 0.5, click: 0.5, skip: -0.5, dislike: -1.0, hide: -1.0}, max_fan_out: 5000, excluded: [], allowed: null, include_seen: false}

UNWIND $user_ids AS user_id
MATCH (u:User {user_id: user_id})
CALL (u) {
  MATCH (u)-[:INTERACTED]->(i:Item)
  RETURN collect(DISTINCT i) AS seen
}
CALL (seen) {
  UNWIND $excluded AS excluded_id
  MATCH (x:Item {item_id: excluded_id})
  WITH collect(x) AS excluded
  RETURN CASE WHEN $include_seen THEN [] ELSE seen END + excluded AS hidden
}
CALL (u, hidden) {
  MATCH (u)-[:FOLLOWS]->(friend:User)
  WHERE friend <> u
  WITH DISTINCT friend LIMIT $max_fan_out
  CALL (friend) {
    MATCH (friend)-[r:INTERACTED]->(j:Item)
    WITH j, r LIMIT $max_fan_out
    WITH j, max(coalesce($kind_weights[r.kind], 1.0)) AS w
    WHERE w > 0
    RETURN j, w
  }
  WITH j, sum(w) AS liking, count(*) AS people
  WHERE NOT j IN hidden AND ($allowed IS NULL OR j.item_id IN $allowed)
  WITH j, liking / COUNT { (j)<-[:INTERACTED]-() } ^ $beta AS score, people
  ORDER BY round(score, 10) DESC, j.item_id LIMIT $k
  WITH collect([j.item_id, score, people]) AS best
  UNWIND range(1, size(best)) AS rank
  RETURN best[rank - 1][0] AS item_id, best[rank - 1][1] AS score, best[rank - 1][2] AS people, rank
}
RETURN user_id, item_id, score, rank, people
ORDER BY user_id, rank
