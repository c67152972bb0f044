// How many relationships say what a user did before a time, and nothing since: interactions, and what was tagged.
//
// $before: epoch milliseconds
// returns: n
// access: read
// scans: User
// :param {before: 0}
MATCH (:User)-[r:INTERACTED|WITHHELD|TAGGED]->()
WHERE coalesce(r.last_at, r.at) < $before
RETURN count(*) AS n
