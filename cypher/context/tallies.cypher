// How often items were liked in each context that the log of events tells, as columns: one row a key and value.
//
// key: device, location, a key of an event's `context` (kept as key:value), or hour (0 to 23) and month (0 to 11, twelfths
// of the mean year) of its time in UTC. Events of kinds that weigh 0 or less don't count, nor those
// of people who have opted out.
//
// $kind_weights: how much each kind says that a person likes an item; others weigh 1 (default {"view": 0.5, "click": 0.5, "skip": -0.5, "dislike": -1.0, "hide": -1.0})
// returns: key, value, item_ids, counts
// access: read
// scans: Event
// :param {kind_weights: {view: 0.5, click: 0.5, skip: -0.5, dislike: -1.0, hide: -1.0}}
MATCH (e:Event)
WHERE coalesce($kind_weights[e.kind], 1.0) > 0 AND e.withheld IS NULL
UNWIND [
  ['device', e.device],
  ['location', e.location],
  ['hour', toString((e.at % 86400000 + 86400000) % 86400000 / 3600000)],
  ['month', toString((e.at % 31556952000 + 31556952000) % 31556952000 / 2629746000)]
] + [pair IN coalesce(e.context, []) | [split(pair, ':')[0], substring(pair, size(split(pair, ':')[0]) + 1)]] AS told
WITH e.item_id AS item_id, told[0] AS key, told[1] AS value
WHERE value IS NOT NULL
WITH key, value, item_id, count(*) AS n
RETURN key, value, collect(item_id) AS item_ids, collect(n) AS counts
ORDER BY key, value
