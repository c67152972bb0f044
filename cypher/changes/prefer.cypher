// What a user says of tags, one relationship a tag; a weight of 0 takes back what was said.
//
// The user is locked first, so that two writers never make the same relationship.
//
// $user_id: the user
// $rows: pairs of tag and weight, from -1 (not at all) to 1 (very much)
// $at: when it was said, in epoch milliseconds
// access: write
// :param {user_id: '1', rows: [['jazz', 1.0]], at: 0}
MATCH (u:User {user_id: $user_id})
SET u._lock = true REMOVE u._lock
WITH u
UNWIND $rows AS row
MATCH (t:Tag {name: row[0]})
MERGE (u)-[r:PREFERS]->(t)
SET r.weight = row[1], r.at = $at
WITH r WHERE r.weight = 0
DELETE r
