// The items that people have taken up most lately.
//
// score(j) = the sum over people v of w(v,j) * 0.5^((now - t(v,j)) / half_life): w is the largest of $kind_weights
// among the pair's kinds (0 or less doesn't count), t the last time of a kind that counts. Interactions without a time,
// or later than $now, don't count, so the past can be asked about. It reads every interaction.
//
// $k: how many items to return (default 10)
// $half_life_ms: after how many milliseconds an interaction counts half; 7 days by default (default 604800000)
// $now: the time to count from, in milliseconds since 1970; null: the server's clock (default null)
// $kind_weights: how much each kind says that a person likes an item; others weigh 1 (default {"view": 0.5, "click": 0.5, "skip": -0.5, "dislike": -1.0, "hide": -1.0})
// $excluded: ids of items that must not come (default [])
// $allowed: ids of the only items that may come; null: all (default null)
// returns: item_id, score, rank, people
// access: read
// scans: Item
// :param {k: 10, half_life_ms: 604800000, now: null, kind_weights: {view: 0.5, click: 0.5, skip: -0.5, dislike: -1.0, hide: -1.0}, excluded: [], allowed: null}

WITH coalesce($now, timestamp()) AS now
MATCH (j:Item)
WHERE NOT j.item_id IN $excluded AND ($allowed IS NULL OR j.item_id IN $allowed)
CALL (j, now) {
  MATCH (j)<-[r:INTERACTED]-(v:User)
  WHERE r.last_at <= now AND coalesce($kind_weights[r.kind], 1.0) > 0
  WITH v, max(coalesce($kind_weights[r.kind], 1.0)) AS w, max(r.last_at) AS at
  RETURN sum(w * 0.5 ^ (toFloat(now - at) / $half_life_ms)) AS score, count(*) AS people
}
WITH j, score, people WHERE people > 0
ORDER BY round(score, 10) DESC, j.item_id LIMIT $k
WITH collect([j.item_id, score, people]) AS best
UNWIND range(1, size(best)) AS rank
RETURN best[rank - 1][0] AS item_id, best[rank - 1][1] AS score, rank, best[rank - 1][2] AS people
ORDER BY rank
