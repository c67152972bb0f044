// The graph's own id, made once and kept for good.
//
// Files of a model version carry it, so that they are never mistaken for those of another graph.
//
// $graph_id: the id to take if the graph has none yet
// returns: graph_id, created_at
// access: write
// :param {graph_id: '00000000-0000-0000-0000-000000000000'}
MERGE (g:Graph {name: 'graphrec'})
ON CREATE SET g.graph_id = $graph_id, g.created_at = timestamp()
RETURN g.graph_id AS graph_id, g.created_at AS created_at
