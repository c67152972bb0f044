// What a user who had opted out did, renamed from WITHHELD to INTERACTED with every property; how much it was.
//
// Who opts in counts again exactly as before, and with what was done meanwhile. Follows come back unless the other end
// has opted out. A user who hasn't opted out is left as it is.
//
// $user_id: the user
// returns: restored
// access: write
// :param {user_id: '1'}

MATCH (u:User {user_id: $user_id})
WHERE u:OptedOut
SET u._lock = true
REMOVE u._lock, u:OptedOut
WITH u
CALL (u) {
  MATCH (e:Event {user_id: u.user_id})
  REMOVE e.withheld
}
CALL (u) {
  MATCH (u)-[w:WITHHELD_FOLLOWS]->(v:User)
  WHERE NOT v:OptedOut
  MERGE (u)-[:FOLLOWS]->(v)
  DELETE w
}
CALL (u) {
  MATCH (u)<-[w:WITHHELD_FOLLOWS]-(v:User)
  WHERE NOT v:OptedOut
  MERGE (u)<-[:FOLLOWS]-(v)
  DELETE w
}
CALL (u) {
  MATCH (u)-[w:WITHHELD]->(i:Item)
  CREATE (u)-[r:INTERACTED]->(i)
  SET r = properties(w)
  REMOVE r._counted
  DELETE w
  RETURN count(*) AS restored
}
RETURN restored
