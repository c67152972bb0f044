// What is known of some users, as the checksum takes it: properties, tags given, people followed.
//
// Embeddings and features are left out: they are computed.
//
// $ids: the users
// returns: id, properties, tagged, follows
// access: read
// :param {ids: ['1']}
UNWIND $ids AS id
MATCH (u:User {user_id: id})
RETURN id, [key IN keys(u) WHERE NOT key STARTS WITH 'embedding_' AND NOT key STARTS WITH 'feature_' | [key, u[key]]] AS properties,
  COLLECT { MATCH (u)-[r:TAGGED]->(i:Item) RETURN [i.item_id, properties(r)] } AS tagged,
  COLLECT { MATCH (u)-[r:FOLLOWS]->(v:User) RETURN [v.user_id, properties(r)] } AS follows
