// How many events and relationships of a user were deleted; the node goes too once no more than these are left.
//
// Ask again while either number is $most: so that one transaction is never larger than memory.
//
// $user_id: the user; an unknown id deletes nothing but events
// $most: how many of each to delete at once
// returns: events, relationships
// access: write
// :param {user_id: '1', most: 10000}
CALL () {
  MATCH (e:Event {user_id: $user_id})
  WITH e LIMIT $most
  DETACH DELETE e
  RETURN count(*) AS events
}
CALL () {
  MATCH (:User {user_id: $user_id})-[r]-()
  WITH DISTINCT r LIMIT $most
  DELETE r
  RETURN count(*) AS relationships
}
CALL (events, relationships) {
  MATCH (n:User {user_id: $user_id})
  WHERE events < $most AND relationships < $most
  DETACH DELETE n
}
RETURN events, relationships
