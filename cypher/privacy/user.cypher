// What the node of a user holds: its labels and properties, vectors among them.
//
// $user_id: the user
// returns: labels, properties
// access: read
// :param {user_id: '1'}
MATCH (u:User {user_id: $user_id})
RETURN labels(u) AS labels, properties(u) AS properties
