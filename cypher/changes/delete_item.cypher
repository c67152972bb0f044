// How many events and relationships of an item were deleted; the node goes too once no more than these are left.
//
// Ask again while either number is $most: so that one transaction is never larger than memory.
//
// $item_id: the item; an unknown id deletes nothing but events
// $most: how many of each to delete at once
// returns: events, relationships
// access: write
// :param {item_id: '1', most: 10000}
CALL () {
  MATCH (e:Event {item_id: $item_id})
  WITH e LIMIT $most
  DETACH DELETE e
  RETURN count(*) AS events
}
CALL () {
  MATCH (:Item {item_id: $item_id})-[r]-()
  WITH DISTINCT r LIMIT $most
  DELETE r
  RETURN count(*) AS relationships
}
CALL (events, relationships) {
  MATCH (n:Item {item_id: $item_id})
  WHERE events < $most AND relationships < $most
  DETACH DELETE n
}
RETURN events, relationships
