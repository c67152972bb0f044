// Every index with its state, those of constraints included.
//
// returns: name, type, state, percent
// access: read
SHOW INDEXES YIELD name, type, state, populationPercent
RETURN name, type, state, populationPercent AS percent
ORDER BY name
