// Kinds of interactions noted on the graph's node, before the first interaction of such a kind is written.
//
// Walks and counts read it: in a graph of one kind each pair of user and item has one relationship of one weight, so
// no relationship need be read. A kind noted without an interaction costs speed; one left out would cost truth. So
// a graph that holds interactions of which no kind was ever noted is left as it is, unless these are all its kinds.
//
// $kinds: the kinds
// $complete: whether the graph holds no others (default false)
// access: write
// scans: User
// :param {kinds: ['rating'], complete: false}
MATCH (g:Graph {name: 'graphrec'})
WHERE any(kind IN $kinds WHERE NOT kind IN coalesce(g.kinds, []))
  AND ($complete OR g.kinds IS NOT NULL OR NOT EXISTS { (:User)-[:INTERACTED]->() })
SET g._lock = true
WITH g
SET g.kinds = coalesce(g.kinds, []) + [kind IN $kinds WHERE NOT kind IN coalesce(g.kinds, [])]
REMOVE g._lock
