// The features of each of some items, as pairs of a feature's name and its value.
//
// `graphrec schema` says what each one means. An unknown id gives no row; before `graphrec features` there are none.
//
// $item_ids: the items
// returns: item_id, features
// access: read
// :param {item_ids: ['1']}
UNWIND $item_ids AS item_id
MATCH (i:Item {item_id: item_id})
RETURN item_id, [name IN keys(i) WHERE name STARTS WITH 'feature_' AND name <> 'feature_digest' | [name, i[name]]] AS features
ORDER BY item_id
