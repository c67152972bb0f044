// Writes the items most similar to each of some items, as SIMILAR relationships of a version.
//
// The score is the $normalisation of n(i,j), which is kept as `support`:
// count: n(i,j); cosine: n(i,j) / sqrt(n(i) n(j)); jaccard: n(i,j) / (n(i) + n(j) - n(i,j));
// lift: n(i,j) N / (n(i) n(j)), where n counts the people who like an item, or both, and N all people.
// A person likes an item when the largest of $kind_weights among the pair's kinds is above 0; each counts once.
// Give the items in batches. What these items had under the version is replaced, so that running it again changes
// nothing; readers name the version that they want (cooccurrence/read_similar) and never see a mixture.
//
// Of an item or person with more than $max_fan_out relationships the first in the order of the store are
// followed (it holds the newest first), so that a busy node costs no more; their counts are then those of a sample.
//
// $item_ids: the batch of items
// $version: the version to write
// $k: at most how many for each item (default 50)
// $normalisation: one of count, cosine, jaccard, lift (default "cosine")
// $min_support: the least number of people who like both (default 1)
// $kind_weights: how much each kind says that a person likes an item; others weigh 1 (default {"view": 0.5, "click": 0.5, "skip": -0.5, "dislike": -1.0, "hide": -1.0})
// $max_fan_out: how many relationships of one node are followed (default 5000)
// returns: written
// access: write
// :param {item_ids: ['50'], version: 'v1', k: 50, normalisation: 'cosine', min_support: 1, kind_weights: {view: 0.5, click: 0.5, skip: -0.5, dislike: -1.0, hide: -1.0}, max_fan_out: 5000}

UNWIND $item_ids AS item_id
MATCH (i:Item {item_id: item_id})
OPTIONAL MATCH (g:Graph {name: 'graphrec'})
WITH i, COUNT { (:User) } AS n_people,
  coalesce(size(g.kinds) = 1 AND coalesce($kind_weights[g.kinds[0]], 1.0) > 0, false) AS uniform
CALL (i) {
  MATCH (i)-[old:SIMILAR {model: 'cooccurrence', version: $version}]->(:Item)
  DELETE old
  RETURN count(old) AS n_old
}
CALL (i, uniform) {
  WITH * WHERE uniform
  MATCH (i)<-[:INTERACTED]-(v)
  WITH v LIMIT $max_fan_out
  RETURN collect(v) AS people
  UNION ALL
  WITH * WHERE NOT uniform
  MATCH (i)<-[r:INTERACTED]-(v)
  WITH v, r LIMIT $max_fan_out
  WHERE coalesce($kind_weights[r.kind], 1.0) > 0
  RETURN collect(DISTINCT v) AS people
}
CALL (i, people, uniform, n_people) {
  UNWIND people AS v
  CALL (v, uniform) {
    WITH * WHERE uniform
    MATCH (v)-[:INTERACTED]->(j)
    RETURN j LIMIT $max_fan_out
    UNION ALL
    WITH * WHERE NOT uniform
    MATCH (v)-[r:INTERACTED]->(j)
    WITH j, r LIMIT $max_fan_out
    WHERE coalesce($kind_weights[r.kind], 1.0) > 0
    RETURN DISTINCT j
  }
  WITH j, count(*) AS support
  WHERE j <> i AND support >= $min_support
  WITH j, support, toFloat(size(people)) AS n_i, CASE WHEN uniform
    THEN toFloat(COUNT { (j)<-[:INTERACTED]-() })
    ELSE toFloat(COUNT {
      MATCH (j)<-[r:INTERACTED]-(v)
      WITH v, r LIMIT $max_fan_out
      WHERE coalesce($kind_weights[r.kind], 1.0) > 0
      RETURN DISTINCT v
    }) END AS n_j
  WHERE n_j > 0
  WITH j, support, CASE $normalisation
      WHEN 'count' THEN toFloat(support)
      WHEN 'cosine' THEN support / sqrt(n_i * n_j)
      WHEN 'jaccard' THEN support / (n_i + n_j - support)
      WHEN 'lift' THEN support * n_people / (n_i * n_j)
    END AS score
  ORDER BY round(score, 10) DESC, j.item_id LIMIT $k
  WITH collect([j, score, support]) AS best
  UNWIND range(1, size(best)) AS rank
  RETURN best[rank - 1][0] AS j, best[rank - 1][1] AS score, best[rank - 1][2] AS support, rank
}
CREATE (i)-[:SIMILAR {model: 'cooccurrence', version: $version, score: score, rank: rank, support: support}]->(j)
RETURN count(*) AS written
