// How many nodes got properties, by the server's numbers of the nodes.
//
// $rows: pairs of number and a map of properties
// returns: n
// access: write
// :param {rows: [[0, {note: ''}]]}
UNWIND $rows AS row
MATCH (n) WHERE id(n) = row[0]
SET n += row[1]
RETURN count(n) AS n
