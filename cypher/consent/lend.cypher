// Withheld interactions that are about to be summed up with others, renamed back to INTERACTED within a transaction.
//
// So one statement sums up whatever users did, opted out or not. Run `consent/withhold` before the transaction ends.
//
// $rows: maps of user_id, item_id and kind
// access: write
// :param {rows: [{user_id: '1', item_id: '50', kind: 'view'}]}

UNWIND $rows AS row
MATCH (u:User {user_id: row.user_id})
WHERE u:OptedOut
MATCH (i:Item {item_id: row.item_id})
MATCH (u)-[w:WITHHELD {kind: row.kind}]->(i)
CREATE (u)-[r:INTERACTED]->(i)
SET r = properties(w)
DELETE w
