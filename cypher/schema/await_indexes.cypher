// Wait until every index is online.
//
// $seconds: how long to wait before giving up
// access: write-implicit
// :param {seconds: 300}
CALL db.awaitIndexes($seconds)
