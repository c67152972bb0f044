// Through which of a visitor's items, and how many people, the walk comes to items recommended to them.
//
// The walk is that of walk/from_items with the same settings. `because_id` is an item that was given, `people` the
// number of people on the paths from it to the recommended item, and `share` its part of the recommended item's score.
// An item that the walk doesn't reach gives no rows.
//
// $wanted: maps of `visitor`, `items` (pairs of item id and weight) and `item_ids`, the items to explain
// $k: how many of the visitor's items to name for each (default 3)
// $kind_weights: how much each kind says that a person likes an item; others weigh 1 (default {"view": 0.5, "click": 0.5, "skip": -0.5, "dislike": -1.0, "hide": -1.0})
// $max_people: through how many people the walk goes, the likeliest (default 200)
// $max_fan_out: how many relationships of one node are followed (default 5000)
// $least_people: fewer people are neither counted nor given a share, so that nobody is singled out (default 5)
// returns: visitor, item_id, because_id, people, share, rank
// access: read
// :param {wanted: [{visitor: 0, items: [['50', 1.0]], item_ids: ['7998']}], k: 3, kind_weights: {view: 0.5, click: 0.5, skip: -0.5, dislike: -1.0, hide: -1.0}, max_people: 200, max_fan_out: 5000, least_people: 5}

UNWIND $wanted AS ask
OPTIONAL MATCH (g:Graph {name: 'graphrec'})
WITH ask, coalesce(size(g.kinds) = 1 AND coalesce($kind_weights[g.kinds[0]], 1.0) > 0, false) AS one_kind

// The items given, and how much each weighs.
CALL (ask) {
  UNWIND ask.items AS pair
  MATCH (i:Item {item_id: pair[0]})
  WITH i, max(toFloat(pair[1])) AS w
  ORDER BY i.item_id
  WITH collect(CASE WHEN w > 0 THEN [i, w] END) AS liked
  RETURN liked, reduce(d = 0.0, liking IN liked | d + liking[1]) AS d_u
}

CALL (ask) {
  UNWIND ask.item_ids AS wanted_id
  MATCH (x:Item {item_id: wanted_id})
  RETURN collect(x) AS wanted
}

CALL (one_kind, liked, d_u, wanted) {
  UNWIND liked AS liking
  WITH liking[0] AS i, liking[1] / d_u AS p

  // From each item to the people who like it, with the chance of each; those of equal weight together.
  CALL (i, one_kind) {
    WITH * WHERE one_kind
    MATCH (i)<-[:INTERACTED]-(v)
    WITH v LIMIT $max_fan_out
    WITH collect(v) AS people WHERE size(people) > 0
    RETURN people, 1.0 / size(people) AS chance
    UNION ALL
    WITH * WHERE NOT one_kind
    MATCH (i)<-[r:INTERACTED]-(v)
    WITH v, r LIMIT $max_fan_out
    WITH v, max(coalesce($kind_weights[r.kind], 1.0)) AS w
    WHERE w > 0
    WITH w, collect(v) AS people
    WITH collect([w, people]) AS tiers, sum(w * size(people)) AS d
    UNWIND tiers AS tier
    RETURN tier[1] AS people, tier[0] / d AS chance
  }
  UNWIND people AS v
  WITH v, sum(p * chance) AS p, collect([i, p * chance]) AS ways
  ORDER BY round(p, 10) DESC, v.user_id LIMIT $max_people

  // And on from them to what they like.
  CALL (v, one_kind) {
    WITH * WHERE one_kind
    MATCH (v)-[:INTERACTED]->(j)
    WITH j LIMIT $max_fan_out
    WITH collect(j) AS items WHERE size(items) > 0
    RETURN items, 1.0 / size(items) AS chance
    UNION ALL
    WITH * WHERE NOT one_kind
    MATCH (v)-[r:INTERACTED]->(j)
    WITH j, r LIMIT $max_fan_out
    WITH j, max(coalesce($kind_weights[r.kind], 1.0)) AS w
    WHERE w > 0
    WITH w, collect(j) AS items
    WITH collect([w, items]) AS tiers, sum(w * size(items)) AS d
    UNWIND tiers AS tier
    RETURN tier[1] AS items, tier[0] / d AS chance
  }
  UNWIND items AS j
  WITH j, ways, chance WHERE j IN wanted

  // Each way there, summed by the item that it began with.
  UNWIND ways AS way
  WITH j, way[0] AS i, sum(way[1] * chance) AS part, count(*) AS people
  ORDER BY round(part, 10) DESC, i.item_id
  WITH j, collect([i.item_id, part, people]) AS ways, sum(part) AS all
  UNWIND range(1, size(ways[..$k])) AS rank
  RETURN j.item_id AS item_id, ways[rank - 1][0] AS because_id, ways[rank - 1][2] AS people,
    ways[rank - 1][1] / all AS share, rank
}

RETURN ask.visitor AS visitor, item_id, because_id,
  CASE WHEN people >= $least_people THEN people END AS people,
  CASE WHEN people >= $least_people THEN share END AS share, rank
ORDER BY visitor, item_id, rank
