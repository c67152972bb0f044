// Vectors written to users that exist, as lists of floats; how many were found.
//
// Many vectors come packed as one VECTOR parameter, one after the other, which a Community store can't hold but can
// turn into a list.
//
// $rows: pairs of a list of user_ids and the VECTOR of their numbers
// $dim: how many numbers each user gets
// $property: the property to write, like 'embedding_lightgcn_a'
// returns: written
// access: write
CYPHER 25
UNWIND $rows AS row
WITH row[0] AS ids, toFloatList(row[1]) AS numbers
UNWIND range(0, size(ids) - 1) AS place
MATCH (n:User {user_id: ids[place]})
SET n[$property] = numbers[place * $dim .. (place + 1) * $dim]
RETURN count(*) AS written
