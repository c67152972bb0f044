// The version that claimed the idle slot last.
//
// $model: the model's name
// returns: version
// access: read
// :param {model: 'lightgcn'}
MATCH (g:Graph {name: 'graphrec'})
RETURN g['claimed_' + $model] AS version
