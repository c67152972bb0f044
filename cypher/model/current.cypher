// The version that readers see, if the model has one.
//
// $model: the model's name
// returns: properties
// access: read
// :param {model: 'lightgcn'}
MATCH (g:Graph {name: 'graphrec'})
MATCH (m:Model {name: $model, version: g['live_' + $model]})
RETURN properties(m) AS properties
