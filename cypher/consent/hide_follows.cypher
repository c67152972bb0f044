// The relationships of who follows whom at a user who has opted out, renamed from FOLLOWS to WITHHELD_FOLLOWS.
//
// Both ways: nobody gets this user as somebody to follow, nor anybody through this user.
//
// $user_id: the user
// access: write
// :param {user_id: '1'}

MATCH (u:User {user_id: $user_id})
WHERE u:OptedOut
CALL (u) {
  MATCH (u)-[r:FOLLOWS]->(v:User)
  MERGE (u)-[:WITHHELD_FOLLOWS]->(v)
  DELETE r
}
CALL (u) {
  MATCH (u)<-[r:FOLLOWS]-(v:User)
  MERGE (u)<-[:WITHHELD_FOLLOWS]-(v)
  DELETE r
}
