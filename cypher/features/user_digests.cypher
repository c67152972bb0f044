// What was written to users when their features were written last, as columns.
//
// returns: user_id, digest
// access: read
// scans: User
MATCH (u:User)
WHERE u.feature_digest IS NOT NULL
WITH id(u) / 10000 AS block, collect(u.user_id) AS user_id, collect(u.feature_digest) AS digest
RETURN user_id, digest
