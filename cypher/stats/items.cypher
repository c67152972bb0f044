// What is known of some items, as the checksum takes it: properties and tags.
//
// Embeddings and features are left out: they are computed.
//
// $ids: the items
// returns: id, properties, has_tag
// access: read
// :param {ids: ['1']}
UNWIND $ids AS id
MATCH (i:Item {item_id: id})
RETURN id, [key IN keys(i) WHERE NOT key STARTS WITH 'embedding_' AND NOT key STARTS WITH 'feature_' | [key, i[key]]] AS properties,
  COLLECT { MATCH (i)-[r:HAS_TAG]->(t:Tag) RETURN [t.name, properties(r)] } AS has_tag
