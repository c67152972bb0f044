// The fingerprint of the key that the graph's pseudonyms were made with, null for none, and how many users there are.
//
// returns: fingerprint, users
// access: read
// :param {}

OPTIONAL MATCH (g:Graph {name: 'graphrec'})
RETURN g.pseudonym_key AS fingerprint, COUNT { (:User) } AS users
