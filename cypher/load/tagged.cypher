// What users tagged, one relationship a user, item and tag; the time is the latest known.
//
// The user is locked first, so that two writers never make the same relationship.
//
// $rows: a user_id and its triples of item_id, tag and time
// access: write
// :param {rows: [['1', [['1', 'jazz', null]]]]}
UNWIND $rows AS row
MATCH (u:User {user_id: row[0]})
SET u._lock = true REMOVE u._lock
WITH u, row
UNWIND row[1] AS triple
MATCH (i:Item {item_id: triple[0]})
MERGE (u)-[r:TAGGED {tag: triple[1]}]->(i)
SET r.at = CASE WHEN r.at > triple[2] THEN r.at ELSE coalesce(triple[2], r.at) END
