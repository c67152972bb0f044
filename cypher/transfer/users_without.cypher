// The ids of users that lack a property: those that came after it was written to all.
//
// $property: the property, like 'embedding_lightgcn_a'
// returns: user_id
// access: read
// scans: User
MATCH (n:User)
WHERE n[$property] IS NULL
WITH id(n) / 10000 AS block, collect(n.user_id) AS user_id
RETURN user_id
