// Wait until one index is built; its name.
//
// $index: its name
// $seconds: how long to wait before giving up
// returns: name
// access: read
// :param {index: 'item_embedding_lightgcn_a', seconds: 600}
CALL db.awaitIndex($index, $seconds)
RETURN $index AS name
