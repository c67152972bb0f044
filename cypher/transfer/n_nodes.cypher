// How many nodes and relationships there are, from the server's own counts.
//
// returns: nodes, relationships
// access: read
RETURN COUNT { () } AS nodes, COUNT { ()-->() } AS relationships
