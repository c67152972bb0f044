// What users think of tags by what they did, as columns.
//
// returns: user_id, tags, weights
// access: read
// scans: User
MATCH (u:User)
WHERE u.feature_tags IS NOT NULL
WITH id(u) / 10000 AS block, collect(u.user_id) AS user_id, collect(u.feature_tags) AS tags,
  collect(u.feature_tag_weights) AS weights
RETURN user_id, tags, weights
