// Items for each of some users, by the live version of a blend: its graph of similar items, its vectors and popularity.
//
// score(j) = weight_graph * g(u,j) / rms g(u) + weight_vectors * cos(u,j) / spread + weight_popularity * p(j), with the
// numbers that the Model node holds. g is the sum that similar/recommend gives, rms g(u) its root mean square over all
// items, cos the cosine of both embeddings (0 for a user or item that came after the training), and p the logarithm
// of the people who have an item, as a part of the largest. `graph`, `vectors` and `popularity` are the three parts.
//
// Ranked are the $depth items of the largest g, and those that the vector index finds: as many more as the user has
// seen, times $overfetch. Where items are given as $allowed, these and no others are ranked. Cost is bounded by the
// user's $max_history latest items and the similar items stored of each. Seen items are left out before the cut.
//
// $model: the model's name (default "blend")
// $user_ids: whom to recommend to; an unknown id gives no rows
// $k: how many items to return for each (default 10)
// $depth: how many items of the largest g are ranked (default 200)
// $overfetch: how many times more than needed to ask the index for, 0 or more; 0 asks nothing (default 1.0)
// $kind_weights: how much each kind says that a person likes an item; others weigh 1 (default {"view": 0.5, "click": 0.5, "skip": -0.5, "dislike": -1.0, "hide": -1.0})
// $max_history: how many of the user's items are followed, the latest (default 500)
// $excluded: ids of items that must not come (default [])
// $allowed: ids of the only items that may come; null: all (default null)
// $include_seen: whether items the user already has may come (default false)
// returns: user_id, item_id, score, rank, graph, vectors, popularity, version
// access: read
// :param {model: 'blend', user_ids: ['1'], k: 10, depth: 200, overfetch: 1.0, kind_weights: {view: 0.5, click: 0.5, skip: -0.5, dislike: -1.0, hide: -1.0}, max_history: 500, excluded: [], allowed: null, include_seen: false}
CYPHER 25
MATCH (g:Graph {name: 'graphrec'})
MATCH (m:Model {name: $model, version: g['live_' + $model]})
WITH m, 'embedding_' + $model + '_' + m.slot AS property
UNWIND $user_ids AS user_id
MATCH (u:User {user_id: user_id})

// What the user likes, the latest first, and how much.
CALL (u) {
  MATCH (u)-[r:INTERACTED]->(i:Item)
  WITH i, max(r.last_at) AS at, max(coalesce($kind_weights[r.kind], 1.0)) AS w
  ORDER BY coalesce(at, 0) DESC, i.item_id
  WITH collect(i) AS seen, collect(CASE WHEN w > 0 THEN [i, w] END)[..$max_history] AS liked
  RETURN seen, liked
}

// What must not come.
CALL (seen) {
  UNWIND $excluded AS excluded_id
  MATCH (x:Item {item_id: excluded_id})
  WITH collect(x) AS excluded
  RETURN CASE WHEN $include_seen THEN [] ELSE seen END + excluded AS hidden
}

// Where the similar items lead, and how far in all.
CALL (m, liked) {
  CALL (m, liked) {
    WITH * WHERE m.slot = 'a'
    UNWIND liked AS liking
    WITH liking[0] AS i, liking[1] AS w
    MATCH (i)-[s:SIMILAR_A {model: $model}]->(j)
    RETURN j, sum(w * s.score) AS sum
    UNION ALL
    WITH * WHERE m.slot = 'b'
    UNWIND liked AS liking
    WITH liking[0] AS i, liking[1] AS w
    MATCH (i)-[s:SIMILAR_B {model: $model}]->(j)
    RETURN j, sum(w * s.score) AS sum
  }
  RETURN collect([j, sum]) AS reached, sqrt(sum(sum * sum) / m.n_items) AS rms
}

// What lies near by the vectors, or is asked for; optional, because a user who came after the training has no vector.
OPTIONAL CALL (u, property, seen, hidden) {
  WITH * WHERE $allowed IS NULL AND u[property] IS NOT NULL AND $overfetch > 0 AND size(seen) > 0
  CALL db.index.vector.queryNodes(
    'item_' + property, toInteger(ceil(($k + size(hidden)) * $overfetch)), u[property]
  ) YIELD node
  RETURN node AS j
  UNION
  UNWIND CASE WHEN size(seen) > 0 THEN $allowed ELSE [] END AS allowed_id
  MATCH (j:Item {item_id: allowed_id})
  RETURN j
}
WITH m, property, user_id, u, hidden, reached, rms, collect(j) AS found

CALL (m, property, u, hidden, reached, rms, found) {
  CALL (reached, found) {
    UNWIND reached AS way
    RETURN way[0] AS j, way[1] AS sum, 0 AS asked
    UNION ALL
    UNWIND found AS j
    RETURN j, 0.0 AS sum, 1 AS asked
  }
  WITH m, property, u, hidden, rms, size(found) AS n_found, j, sum(sum) AS sum, max(asked) AS asked
  WHERE NOT j IN hidden AND ($allowed IS NULL OR asked = 1)
  ORDER BY asked DESC, sum DESC, j.item_id
  WITH m, property, u, rms, n_found, collect([j, sum]) AS ways
  UNWIND ways[..$depth + n_found] AS way
  WITH m, property, u, rms, way[0] AS j, way[1] AS sum
  WITH j,
    CASE WHEN rms > 0 THEN m.weight_graph * sum / rms ELSE 0.0 END AS graph,
    CASE WHEN u[property] IS NULL OR j[property] IS NULL THEN 0.0
      ELSE m.weight_vectors * (2 * vector.similarity.cosine(j[property], u[property]) - 1) / m.spread END AS vectors,
    CASE WHEN m.weight_popularity = 0 THEN 0.0
      ELSE m.weight_popularity * log(1 + COUNT { (j)<-[:INTERACTED]-() }) / log(1 + m.most_likers) END AS popularity
  WITH j.item_id AS item_id, graph + vectors + popularity AS score, graph, vectors, popularity
  ORDER BY round(score, 10) DESC, item_id LIMIT $k
  WITH collect([item_id, score, graph, vectors, popularity]) AS best
  UNWIND range(1, size(best)) AS rank
  WITH best[rank - 1] AS row, rank
  RETURN row[0] AS item_id, row[1] AS score, row[2] AS graph, row[3] AS vectors, row[4] AS popularity, rank
}
RETURN user_id, item_id, score, rank, graph, vectors, popularity, m.version AS version
ORDER BY user_id, rank
