// The version that readers see from now on; no row if a later run has claimed the slot.
//
// The pointer is one property of one node, so no reader can see it half moved. Run it after `model/record`.
//
// $model: the model's name
// $version: the version whose slot is filled and indexed
// returns: version
// access: write
// :param {model: 'lightgcn', version: 1}
CYPHER 25
MATCH (g:Graph {name: 'graphrec'})
REMOVE g.locked
WITH g
WHERE g['claimed_' + $model] = $version
MATCH (m:Model {name: $model, version: $version})
SET g['live_' + $model] = m.version
RETURN m.version AS version
