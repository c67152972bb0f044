// How many events of the log that are older than a time were deleted, in batches. Killed in the middle, run it again.
//
// $before: epoch milliseconds
// returns: n
// access: write-implicit
// :param {before: 0}
MATCH (e:Event)
WHERE e.at < $before
CALL (e) {
  DETACH DELETE e
} IN TRANSACTIONS OF 10000 ROWS
RETURN count(*) AS n
