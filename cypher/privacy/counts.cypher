// How much the graph holds of a user, one row a kind of thing: the node, its vectors, relationships by type, and events.
//
// A relationship that others have to the user, such as a follower's, is counted as "TYPE from others".
//
// $user_id: the user; of an unknown one there are events at most
// returns: what, n
// access: read
// :param {user_id: '1'}
MATCH (u:User {user_id: $user_id})
RETURN 'node' AS what, count(u) AS n
UNION ALL
MATCH (u:User {user_id: $user_id})
RETURN 'vectors' AS what, size([key IN keys(u) WHERE key STARTS WITH 'embedding_']) AS n
UNION ALL
MATCH (u:User {user_id: $user_id})-[r]->()
RETURN type(r) AS what, count(*) AS n
UNION ALL
MATCH (u:User {user_id: $user_id})<-[r]-()
RETURN type(r) + ' from others' AS what, count(*) AS n
UNION ALL
MATCH (e:Event {user_id: $user_id})
RETURN 'events' AS what, count(e) AS n
