// Items for each of some visitors without an account, by the walk of walk/recommend from items given with weights.
//
// score(j) = p(j) / d(j)^beta, with p(j) = sum over the visitor's items i and people v of
// w(i)/d * w(v,i)/d(i) * w(v,j)/d(v), where w(i) is the weight given and d the sum of those above 0.
// P3alpha: Cooper, Lee, Radinsky, Siantos, 2014; RP3beta: Paudel, Christoffel, Newell, Bernstein, 2017.
//
// w is the weight of a pair of person and item, the largest of $kind_weights among its kinds: a pair counts once, and
// kinds of weight 0 or less don't count. d sums the weights of a node's pairs. Where (:Graph).kinds holds one kind, all
// pairs weigh the same, and the walk needn't read relationships, which is several times faster.
//
// Cost is bounded: the items given are followed, the $max_people likeliest people, the $max_fan_out first relationships
// (in the order of the store, which holds the newest first) of a node that has more, and the damping of the
// $k + $max_candidates likeliest items. Items of weight 0 or less are only hidden.
// `people` counts those through whom the walk came to the item.
//
// $visitors: maps of `visitor` (a number or name that comes back) and `items` (pairs of item id and weight)
// $k: how many items to return for each (default 10)
// $beta: how much popular items are held back: 0 not at all, 1 in full (default 0.1)
// $kind_weights: how much each kind says that a person likes an item; others weigh 1 (default {"view": 0.5, "click": 0.5, "skip": -0.5, "dislike": -1.0, "hide": -1.0})
// $max_people: through how many people the walk goes, the likeliest (default 200)
// $max_fan_out: how many relationships of one node are followed (default 5000)
// $max_candidates: for how many items more than $k the damping is worked out, the likeliest (default 50)
// $excluded: ids of items that must not come (default [])
// $allowed: ids of the only items that may come; null: all (default null)
// $include_seen: whether the items given may come back (default false)
// returns: visitor, item_id, score, rank, people
// access: read
// :param {visitors: [{visitor: 0, items: [['50', 1.0], ['172', 0.5]]}], k: 10, beta: 0.1, kind_weights: {view: 0.5, click: 0.5, skip: -0.5, dislike: -1.0, hide: -1.0}, max_people: 200, max_fan_out: 5000, max_candidates: 50, excluded: [], allowed: null, include_seen: false}

UNWIND $visitors AS given
OPTIONAL MATCH (g:Graph {name: 'graphrec'})
WITH given, coalesce(size(g.kinds) = 1 AND coalesce($kind_weights[g.kinds[0]], 1.0) > 0, false) AS one_kind

// The items given, and how much each weighs.
CALL (given) {
  UNWIND given.items AS pair
  MATCH (i:Item {item_id: pair[0]})
  WITH i, max(toFloat(pair[1])) AS w
  ORDER BY i.item_id
  WITH collect(i) AS seen, collect(CASE WHEN w > 0 THEN [i, w] END) AS liked
  RETURN seen, liked, reduce(d = 0.0, liking IN liked | d + liking[1]) AS d_u
}

// What must not come.
CALL (seen) {
  UNWIND $excluded AS excluded_id
  MATCH (x:Item {item_id: excluded_id})
  WITH collect(x) AS excluded
  RETURN CASE WHEN $include_seen THEN [] ELSE seen END + excluded AS hidden
}

CALL (one_kind, liked, d_u, hidden) {
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
  WITH v, sum(p * chance) AS p
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
  WITH p * chance AS p, items
  UNWIND items AS j
  WITH j, sum(p) AS p, count(*) AS people
  WHERE NOT j IN hidden AND ($allowed IS NULL OR j.item_id IN $allowed)
  WITH j, p, people
  ORDER BY round(p, 10) DESC, j.item_id LIMIT $k + $max_candidates

  // Popular items are held back.
  CALL (j, one_kind) {
    WITH * WHERE one_kind OR $beta = 0
    RETURN toFloat(COUNT { (j)<-[:INTERACTED]-() }) AS d
    UNION ALL
    WITH * WHERE NOT one_kind AND $beta <> 0
    MATCH (j)<-[r:INTERACTED]-(v)
    WITH v, r LIMIT $max_fan_out
    WITH v, max(coalesce($kind_weights[r.kind], 1.0)) AS w
    WHERE w > 0
    WITH j, sum(w) AS d
    RETURN d
  }
  WITH j, p / d ^ $beta AS score, people
  ORDER BY round(score, 10) DESC, j.item_id LIMIT $k
  WITH collect([j.item_id, score, people]) AS best
  UNWIND range(1, size(best)) AS rank
  RETURN best[rank - 1][0] AS item_id, best[rank - 1][1] AS score, best[rank - 1][2] AS people, rank
}

RETURN given.visitor AS visitor, item_id, score, rank, people
ORDER BY visitor, rank
