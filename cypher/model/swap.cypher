// The version that readers see from now on; no row if a later run has claimed the slot.
//
// The pointer is one property of one node, so no reader can see it half moved.
//
// $model: the model's name
// $version: the version whose slot is filled and indexed
// $properties: what to keep of it
// returns: version
// access: write
// :param {model: 'lightgcn', version: 1, properties: {slot: 'a'}}
CYPHER 25
MATCH (g:Graph {name: 'graphrec'})
REMOVE g.locked
WITH g
WHERE g['claimed_' + $model] = $version
MERGE (m:Model {name: $model, version: $version})
SET m += $properties, g['live_' + $model] = $version
RETURN m.version AS version
