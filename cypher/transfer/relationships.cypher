// Relationships of all types that begin at some nodes, with all that they hold.
//
// $first: the first of the server's numbers of nodes
// $last: the last number
// returns: begin, end, type, properties
// access: read
// :param {first: 0, last: 999}
UNWIND range($first, $last) AS number
MATCH (n)-[r]->(m) WHERE id(n) = number
RETURN number AS begin, id(m) AS end, type(r) AS type, properties(r) AS properties
