// What users say of tags, as columns.
//
// returns: user_id, tag, weight
// access: read
// scans: User, Tag
MATCH (u:User)-[r:PREFERS]->(t:Tag)
WITH u, collect(u.user_id) AS user_id, collect(t.name) AS tag, collect(r.weight) AS weight
RETURN user_id, tag, weight
