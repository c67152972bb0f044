// The ids of all who have opted out.
//
// returns: user_id
// access: read
// scans: OptedOut
// :param {}

MATCH (u:OptedOut)
RETURN u.user_id AS user_id
ORDER BY user_id
