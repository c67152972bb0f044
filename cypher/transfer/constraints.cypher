// The constraints, each with the statement that makes it.
//
// returns: name, statement
// access: read
SHOW CONSTRAINTS YIELD name, createStatement
RETURN name, createStatement AS statement
ORDER BY name
