// The ids of all users, as columns.
//
// node: the number by which this server knows the user, good for one reading only.
//
// returns: node, user_id
// access: read
// scans: User
MATCH (n:User)
WITH id(n) AS node, n.user_id AS user_id
WITH node / 10000 AS block, collect(node) AS node, collect(user_id) AS user_id
RETURN node, user_id
