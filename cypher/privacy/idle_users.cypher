// Users of whom nothing is known but that they are there: no relationship, no event, no property but id and vectors.
//
// $after: the last id of the page before, '' for the first
// $most: how many at most
// returns: user_ids
// access: read
// scans: User
// :param {after: '', most: 1000}
MATCH (u:User)
WHERE NOT EXISTS { (u)--() } AND u.user_id > $after
  AND all(key IN keys(u) WHERE key = 'user_id' OR key STARTS WITH 'embedding_')
  AND labels(u) = ['User']
  AND NOT EXISTS { MATCH (e:Event) WHERE e.user_id = u.user_id }
WITH u ORDER BY u.user_id LIMIT $most
RETURN collect(u.user_id) AS user_ids
