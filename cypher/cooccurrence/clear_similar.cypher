// Removes the SIMILAR relationships of every version of the co-occurrence batch but those to keep.
//
// Run it again until `removed` is 0: each run removes at most $limit, so that no transaction grows without bound.
//
// $keep: the versions to keep (default [])
// $limit: how many relationships to remove at most (default 50000)
// returns: removed
// access: write
// scans: Item
// :param {keep: ['v1'], limit: 50000}

MATCH (:Item)-[s:SIMILAR {model: 'cooccurrence'}]->(:Item)
WHERE NOT s.version IN $keep
WITH s LIMIT $limit
DELETE s
RETURN count(*) AS removed
