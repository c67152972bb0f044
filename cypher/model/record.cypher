// What is kept of a version whose slot is filled, before readers see it; no row if a later run has claimed the slot.
//
// A commit isn't one moment for readers: a node that is made together with the pointer to it may be missing for those
// who follow the pointer. So the node comes first, in a transaction of its own.
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
SET m += $properties
RETURN m.version AS version
