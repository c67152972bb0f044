// Stored counts of people who like two items, counted again without a user who is about to go; how many items are liked.
//
// The `support` of SIMILAR (cooccurrence/write_similar) between items that the user likes. Scores shrink with it as their
// numerator does, what nobody else likes together goes; of those who have opted out `withheld` tells, as before. Ask
// again with $first grown by $most until it has reached `liked`. Again, it changes nothing.
//
// Cost: for each of these items and each similar one that the user likes too, the people who like the item.
//
// $user_id: the user; of an unknown one nothing is liked
// $first: how many of the user's items, in the order of their ids, were done before
// $most: how many items at once
// $kind_weights: how much each kind says that a person likes an item; others weigh 1 (default {"view": 0.5, "click": 0.5, "skip": -0.5, "dislike": -1.0, "hide": -1.0})
// returns: liked
// access: write
// :param {user_id: '1', first: 0, most: 20, kind_weights: {view: 0.5, click: 0.5, skip: -0.5, dislike: -1.0, hide: -1.0}}
OPTIONAL MATCH (u:User {user_id: $user_id})
CALL (u) {
  MATCH (u)-[r:INTERACTED|WITHHELD]->(i:Item)
  WHERE coalesce($kind_weights[r.kind], 1.0) > 0
  WITH DISTINCT i ORDER BY i.item_id
  RETURN collect(i) AS liked
}
CALL (u, liked) {
  UNWIND liked[$first..$first + $most] AS i
  MATCH (i)-[s:SIMILAR {model: 'cooccurrence'}]->(j:Item)
  WHERE j IN liked
  CALL (u, i, j) {
    MATCH (i)<-[a:INTERACTED|WITHHELD]-(v:User)
    WHERE v <> u AND coalesce($kind_weights[a.kind], 1.0) > 0 AND (type(a) = 'INTERACTED' OR a._counted)
    WITH DISTINCT v, j
    WHERE EXISTS {
      MATCH (v)-[b:INTERACTED|WITHHELD]->(j)
      WHERE coalesce($kind_weights[b.kind], 1.0) > 0 AND (type(b) = 'INTERACTED' OR b._counted)
    }
    RETURN count(v) AS people, count(CASE WHEN v:OptedOut THEN 1 END) AS hidden
  }
  SET s.score = s.score * people / s.support, s.support = people,
    s.withheld = CASE WHEN hidden > 0 THEN hidden END
  WITH s WHERE s.support = 0
  DELETE s
}
RETURN size(liked) AS liked
