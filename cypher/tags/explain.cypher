// Which tags of what a user likes an item recommended to them has, and on how many of the user's items.
//
// `items` is the number of the user's liked items with the tag, `rarity` is ln(N / n(t)): N is the number of all
// items, n(t) of those with the tag. Tags come by items * rarity. An item is liked when the largest of $kind_weights
// among its kinds is above 0.
//
// $wanted: maps of `user_id` and `item_ids`, the items to explain
// $k: how many tags to name for each (default 5)
// $kind_weights: how much each kind says that a person likes an item; others weigh 1 (default {"view": 0.5, "click": 0.5, "skip": -0.5, "dislike": -1.0, "hide": -1.0})
// returns: user_id, item_id, tag, items, rarity, rank
// access: read
// :param {wanted: [{user_id: '1', item_ids: ['50']}], k: 5, kind_weights: {view: 0.5, click: 0.5, skip: -0.5, dislike: -1.0, hide: -1.0}}

UNWIND $wanted AS ask
MATCH (u:User {user_id: ask.user_id})
WITH ask, u, COUNT { (:Item) } AS n_items
CALL (u) {
  MATCH (u)-[r:INTERACTED]->(i:Item)
  WITH i, max(coalesce($kind_weights[r.kind], 1.0)) AS w
  WHERE w > 0
  RETURN collect(i) AS liked
}
UNWIND ask.item_ids AS item_id
MATCH (j:Item {item_id: item_id})
CALL (j, liked, n_items) {
  MATCH (j)-[:HAS_TAG]->(wanted:Tag)
  WITH collect(wanted) AS wanted
  UNWIND liked AS i
  MATCH (i)-[:HAS_TAG]->(t:Tag)
  WHERE i <> j AND t IN wanted
  WITH t, count(DISTINCT i) AS items, n_items
  WITH t, items, log(toFloat(n_items) / COUNT { (t)<-[:HAS_TAG]-() }) AS rarity
  ORDER BY round(items * rarity, 10) DESC, t.name LIMIT $k
  WITH collect([t.name, items, rarity]) AS best
  UNWIND range(1, size(best)) AS rank
  RETURN best[rank - 1][0] AS tag, best[rank - 1][1] AS items, best[rank - 1][2] AS rarity, rank
}
RETURN u.user_id AS user_id, item_id, tag, items, rarity, rank
ORDER BY user_id, item_id, rank
