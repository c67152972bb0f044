// Which types of values the properties of relationships have that begin at some nodes, by the type of relationship.
//
// $first: the first of the server's numbers of nodes
// $last: the last number
// returns: labels, key, type
// access: read
// :param {first: 0, last: 999}
UNWIND range($first, $last) AS number
MATCH (n)-[r]->() WHERE id(n) = number
UNWIND keys(r) AS key
RETURN DISTINCT [type(r)] AS labels, key, valueType(r[key]) AS type
