// How many nodes of each label there are, from the server's own counts.
//
// returns: users, items, tags, events, models
// access: read
RETURN COUNT { (:User) } AS users, COUNT { (:Item) } AS items, COUNT { (:Tag) } AS tags,
  COUNT { (:Event) } AS events, COUNT { (:Model) } AS models
