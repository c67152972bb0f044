// What a user has to do with items, tags and other users, a page in the order of type and end.
//
// $user_id: the user
// $first: how many rows came before
// $most: how many rows at most
// returns: type, end, properties
// access: read
// :param {user_id: '1', first: 0, most: 1000}
MATCH (u:User {user_id: $user_id})-[r]->(n)
WITH type(r) AS type, coalesce(n.item_id, n.user_id, n.name) AS end, r
ORDER BY type, end, coalesce(r.kind, r.tag, '') SKIP $first LIMIT $most
RETURN type, end, properties(r) AS properties
