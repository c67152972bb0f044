// How many numbers the vectors of users have.
//
// $property: the property that holds them
// returns: dim
// access: read
// scans: User
CYPHER 25
MATCH (n:User)
WHERE n[$property] IS NOT NULL
RETURN size(n[$property]) AS dim
LIMIT 1
