// What the data say of each of some users, as pairs of a property's name and its value.
//
// The id, the vectors and what was counted from interactions are left out, and so is what begins with an underscore.
// What may be used of it is for the policy to say. An unknown id, and one who has opted out, gives no row.
//
// $user_ids: the users, a few thousand at a time
// returns: user_id, properties
// access: read
// :param {user_ids: ['196']}

UNWIND $user_ids AS user_id
MATCH (u:User {user_id: user_id})
WHERE NOT u:OptedOut
WITH user_id, u, [name IN keys(u) WHERE name <> 'user_id' AND NOT name STARTS WITH 'embedding_' AND NOT name STARTS WITH '_' AND NOT name STARTS WITH 'feature_'] AS names
RETURN user_id, [name IN names | [name, u[name]]] AS properties
ORDER BY user_id
