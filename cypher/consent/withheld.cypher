// Who has opted out, and what is withheld of each, as columns: for a memory that must be able to count it again.
//
// follows and followers: the ids of users at the other end. last_at: the least integer where there is no time.
//
// returns: user_id, item_id, kind, last_at, follows, followers
// access: read
// scans: OptedOut
// :param {}

MATCH (u:OptedOut)
CALL (u) {
  OPTIONAL MATCH (u)-[w:WITHHELD]->(i:Item)
  RETURN collect(i.item_id) AS item_id, collect(w.kind) AS kind,
    collect(CASE WHEN w IS NOT NULL THEN coalesce(w.last_at, -9223372036854775808) END) AS last_at
}
RETURN u.user_id AS user_id, item_id, kind, last_at,
  COLLECT { MATCH (u)-[:WITHHELD_FOLLOWS]->(v:User) RETURN v.user_id } AS follows,
  COLLECT { MATCH (u)<-[:WITHHELD_FOLLOWS]-(v:User) RETURN v.user_id } AS followers
ORDER BY user_id
