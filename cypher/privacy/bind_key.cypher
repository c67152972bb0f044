// The fingerprint of the key that the graph's pseudonyms are made with, noted once and for good.
//
// $fingerprint: the key's fingerprint
// returns: fingerprint
// access: write
// :param {fingerprint: '0123456789abcdef'}

MERGE (g:Graph {name: 'graphrec'})
SET g.pseudonym_key = coalesce(g.pseudonym_key, $fingerprint)
RETURN g.pseudonym_key AS fingerprint
