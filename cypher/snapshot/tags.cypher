// The tags of all items, as columns.
//
// returns: item_id, tag, weight
// access: read
// scans: Tag
MATCH (t:Tag)<-[r:HAS_TAG]-(i:Item)
WITH t, collect(i.item_id) AS item_id, collect(t.name) AS tag, collect(coalesce(r.weight, 1.0)) AS weight
RETURN item_id, tag, weight
