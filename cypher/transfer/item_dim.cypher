// How many numbers the vectors of items have.
//
// $property: the property that holds them
// returns: dim
// access: read
// scans: Item
CYPHER 25
MATCH (n:Item)
WHERE n[$property] IS NOT NULL
RETURN size(n[$property]) AS dim
LIMIT 1
