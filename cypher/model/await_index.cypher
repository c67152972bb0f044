// Wait until one index is built.
//
// $index: its name
// $seconds: how long to wait before giving up
// access: write-implicit
// :param {index: 'item_embedding_lightgcn_a', seconds: 600}
CALL db.awaitIndex($index, $seconds)
