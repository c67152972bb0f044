// How many relationships that say what a user did before a time, and nothing since, were deleted, in batches.
//
// Users are locked first, so that one who did it again in this moment keeps it. Killed in the middle, run it again.
//
// $before: epoch milliseconds
// returns: n
// access: write-implicit
// scans: User
// :param {before: 0}
MATCH (u:User)-[r:INTERACTED|WITHHELD|TAGGED]->()
WHERE coalesce(r.last_at, r.at) < $before
CALL (u, r) {
  SET u._lock = true REMOVE u._lock
  WITH r
  WHERE coalesce(r.last_at, r.at) < $before
  DELETE r
  RETURN count(*) AS n
} IN TRANSACTIONS OF 10000 ROWS
RETURN coalesce(sum(n), 0) AS n
