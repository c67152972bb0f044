// The indexes that belong to no constraint, each with the statement that makes it; every database has those for lookups.
//
// returns: name, statement
// access: read
SHOW INDEXES YIELD name, type, owningConstraint, createStatement
WHERE owningConstraint IS NULL AND type <> 'LOOKUP'
RETURN name, createStatement AS statement
ORDER BY name
