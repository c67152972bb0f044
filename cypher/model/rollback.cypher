// The version before the one that readers see, which they see from now on; no row if the graph holds none.
//
// $model: the model's name
// returns: properties
// access: write
// scans: Model
// :param {model: 'lightgcn'}
CYPHER 25
MATCH (g:Graph {name: 'graphrec'})
REMOVE g.locked
WITH g
MATCH (m:Model)
WHERE m.name = $model AND m.version < g['live_' + $model] AND m.slot IS NOT NULL
WITH g, m
ORDER BY m.version DESC
LIMIT 1
SET g['live_' + $model] = m.version
RETURN properties(m) AS properties
