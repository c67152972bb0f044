// The vectors of all users that have one, packed, as columns.
//
// $property: the property to read
// $dim: how many numbers a vector has
// returns: user_id, vector
// access: read
// scans: User
CYPHER 25
MATCH (n:User)
WHERE size(n[$property]) = $dim
WITH id(n) / 1000 AS block, n.user_id AS user_id, vector(n[$property], $dim, FLOAT32) AS vector
WITH block, collect(user_id) AS user_id, collect(vector) AS vector
RETURN user_id, vector
