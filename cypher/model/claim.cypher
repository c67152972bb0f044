// The number of a new version, and the idle slot that it may fill.
//
// The version whose vectors lie in that slot gives it up here, before anything is overwritten. A later claim of the
// same model takes the slot away from an earlier one, whose swap then does nothing.
//
// $model: the model's name
// returns: version, slot, graph_id
// access: write
// scans: Model
// :param {model: 'lightgcn'}
CYPHER 25
MATCH (g:Graph {name: 'graphrec'})
REMOVE g.locked
WITH g
OPTIONAL MATCH (live:Model {name: $model, version: g['live_' + $model]})
WITH g, coalesce(g['claimed_' + $model], 0) + 1 AS version, CASE live.slot WHEN 'a' THEN 'b' ELSE 'a' END AS slot
SET g['claimed_' + $model] = version
WITH g, version, slot
OPTIONAL MATCH (old:Model)
WHERE old.name = $model AND old.slot = slot
SET old.slot = null
RETURN DISTINCT version, slot, g.graph_id AS graph_id
