// How many relationships of each type there are, from the server's own counts.
//
// returns: interacted, has_tag, tagged, follows, similar
// access: read
RETURN COUNT { ()-[:INTERACTED]->() } AS interacted, COUNT { ()-[:HAS_TAG]->() } AS has_tag,
  COUNT { ()-[:TAGGED]->() } AS tagged, COUNT { ()-[:FOLLOWS]->() } AS follows,
  COUNT { ()-[:SIMILAR]->() } + COUNT { ()-[:SIMILAR_A]->() } + COUNT { ()-[:SIMILAR_B]->() } AS similar
