// The items that each of some users has, of whatever kind: what recommendations leave out.
//
// One row for each user that the graph holds, with the ids in order; an unknown id gives no row.
//
// $user_ids: the users
// returns: user_id, item_ids
// access: read
// :param {user_ids: ['1']}

UNWIND $user_ids AS user_id
MATCH (u:User {user_id: user_id})
CALL (u) {
  MATCH (u)-[:INTERACTED]->(i:Item)
  WITH DISTINCT i.item_id AS item_id ORDER BY item_id
  RETURN collect(item_id) AS item_ids
}
RETURN user_id, item_ids
ORDER BY user_id
