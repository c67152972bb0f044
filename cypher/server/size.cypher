// How many users, items and interactions there are, from the counts that the server keeps.
//
// returns: users, items, interactions
// access: read
RETURN COUNT { (:User) } AS users,
       COUNT { (:Item) } AS items,
       COUNT { ()-[:INTERACTED]->() } AS interactions
