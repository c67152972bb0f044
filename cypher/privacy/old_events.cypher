// How many events of the log are older than a time.
//
// $before: epoch milliseconds
// returns: n
// access: read
// :param {before: 0}
MATCH (e:Event)
WHERE e.at < $before
RETURN count(*) AS n
