// The first item ids in their order, to show what ids look like.
//
// $k: how many
// returns: item_id
// access: read
// scans: Item
// :param {k: 3}
MATCH (i:Item)
RETURN i.item_id AS item_id
ORDER BY item_id
LIMIT $k
