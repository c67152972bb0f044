// The names of the constraints.
//
// returns: name
// access: read
SHOW CONSTRAINTS YIELD name
RETURN name
ORDER BY name
