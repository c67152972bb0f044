// Whom users follow. What touches somebody who has opted out is kept as WITHHELD_FOLLOWS, which no query follows.
//
// The user is locked first, so that two writers never make the same relationship.
//
// $rows: a user_id and the user_ids that it follows
// access: write
// :param {rows: [['1', ['2']]]}
UNWIND $rows AS row
MATCH (u:User {user_id: row[0]})
SET u._lock = true REMOVE u._lock
WITH u, row
UNWIND row[1] AS followee_id
MATCH (v:User {user_id: followee_id})
WITH u, v, u:OptedOut OR v:OptedOut AS is_hidden
FOREACH (_ IN CASE WHEN is_hidden THEN [] ELSE [1] END | MERGE (u)-[:FOLLOWS]->(v))
FOREACH (_ IN CASE WHEN is_hidden THEN [1] ELSE [] END | MERGE (u)-[:WITHHELD_FOLLOWS]->(v))
