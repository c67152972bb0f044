// Which types of values the properties of some nodes have, by the labels of the nodes.
//
// $first: the first of the server's numbers of nodes
// $last: the last number
// returns: labels, key, type
// access: read
// :param {first: 0, last: 999}
UNWIND range($first, $last) AS number
MATCH (n) WHERE id(n) = number
UNWIND keys(n) AS key
RETURN DISTINCT labels(n) AS labels, key, valueType(n[key]) AS type
