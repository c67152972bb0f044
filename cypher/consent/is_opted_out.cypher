// Those of some users who have opted out.
//
// $user_ids: the users
// returns: user_id
// access: read
// :param {user_ids: ['1']}

UNWIND $user_ids AS user_id
MATCH (u:User {user_id: user_id})
WHERE u:OptedOut
RETURN user_id
ORDER BY user_id
