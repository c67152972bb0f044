// The prices of items that have one, as columns.
//
// What isn't a number is left out.
//
// $property: the property of items that is their price (default "price")
// returns: item_id, price
// access: read
// scans: Item
// :param {property: 'price'}
MATCH (i:Item)
WHERE i[$property] IS :: INTEGER NOT NULL OR i[$property] IS :: FLOAT NOT NULL
WITH id(i) / 10000 AS block, collect(i.item_id) AS item_id, collect(toFloat(i[$property])) AS price
RETURN item_id, price
