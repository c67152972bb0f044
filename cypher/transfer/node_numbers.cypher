// How many nodes have one of the server's numbers within a span, and the highest of these, -1 for none.
//
// $first: the first number
// $last: the last number
// returns: n, highest
// access: read
// :param {first: 0, last: 99999}
UNWIND range($first, $last) AS number
MATCH (n) WHERE id(n) = number
RETURN count(*) AS n, coalesce(max(number), -1) AS highest
