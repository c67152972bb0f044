// How many versions were forgotten: those older than one, whose vectors the graph no longer holds.
//
// $model: the model's name
// $before: the oldest version to keep
// returns: forgotten
// access: write
// scans: Model
// :param {model: 'lightgcn', before: 3}
MATCH (m:Model)
WHERE m.name = $model AND m.version < $before AND m.slot IS NULL
DELETE m
RETURN count(*) AS forgotten
