// Who follows whom, as columns.
//
// returns: user_id, followee_id
// access: read
// scans: User
MATCH (u:User)-[:FOLLOWS]->(f:User)
WITH u, collect(u.user_id) AS user_id, collect(f.user_id) AS followee_id
RETURN user_id, followee_id
