// The relationships from an item to its tags, removed.
//
// $item_id: the item
// access: write
// :param {item_id: '1'}
MATCH (:Item {item_id: $item_id})-[r:HAS_TAG]->()
DELETE r
