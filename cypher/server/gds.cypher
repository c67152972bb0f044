// How many procedures of Graph Data Science the server has; 0 without it.
//
// returns: n_procedures
// access: read
SHOW PROCEDURES YIELD name
WHERE name STARTS WITH 'gds.'
RETURN count(*) AS n_procedures
