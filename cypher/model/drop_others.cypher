// How many versions of a model were dropped: all but one.
//
// $model: the model's name
// $version: the version to keep; 0 for none
// returns: dropped
// access: write
// scans: Model
// :param {model: 'lightgcn', version: 3}
MATCH (m:Model)
WHERE m.name = $model AND m.version <> $version
DETACH DELETE m
RETURN count(*) AS dropped
