// What to show of each of some items: title, tags and how many interactions it has.
//
// `tags` come by weight, then name. `interactions` counts every kind. An unknown id gives no row.
//
// $item_ids: the items
// $max_tags: how many tags to name for each (default 10)
// returns: item_id, title, tags, interactions
// access: read
// :param {item_ids: ['50'], max_tags: 10}

UNWIND $item_ids AS item_id
MATCH (i:Item {item_id: item_id})
CALL (i) {
  MATCH (i)-[h:HAS_TAG]->(t:Tag)
  WITH t.name AS name, coalesce(h.weight, 1.0) AS weight
  ORDER BY round(weight, 10) DESC, name
  RETURN collect(name)[..$max_tags] AS tags
}
RETURN item_id, i.title AS title, tags, COUNT { (i)<-[:INTERACTED]-() } AS interactions
ORDER BY item_id
