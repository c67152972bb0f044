// Users locked until the transaction ends, in the order given; those of them who have opted out come back.
//
// Whoever writes interactions locks their users first: no constraint covers a relationship's end points, and MERGE
// alone makes two under concurrency.
//
// $user_ids: the users
// returns: user_id
// access: write
// :param {user_ids: ['1']}
UNWIND $user_ids AS user_id
MATCH (u:User {user_id: user_id})
SET u._lock = true REMOVE u._lock
WITH u
WHERE u:OptedOut
RETURN u.user_id AS user_id
