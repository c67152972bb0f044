// Nodes by the server's numbers, with all that they hold; numbers that no node has give no row.
//
// $first: the first number
// $last: the last number
// returns: node, labels, properties
// access: read
// :param {first: 0, last: 999}
UNWIND range($first, $last) AS number
MATCH (n) WHERE id(n) = number
RETURN number AS node, labels(n) AS labels, properties(n) AS properties
