// Vectors written to users that exist, as lists of floats; how many were found.
//
// The vectors come packed, as VECTOR parameters, which a Community store can't hold but can turn into lists.
//
// $rows: pairs of user_id and a VECTOR
// $property: the property to write, like 'embedding_lightgcn_a'
// returns: written
// access: write
CYPHER 25
UNWIND $rows AS row
MATCH (n:User {user_id: row[0]})
SET n[$property] = toFloatList(row[1])
RETURN count(*) AS written
