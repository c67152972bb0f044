// The number of the last transaction that was written into a database, and which store that is.
//
// No row, or nulls, where the server doesn't tell.
//
// $database: the name of the database
// returns: store, transaction
// access: read
// :param {database: 'neo4j'}
SHOW DATABASES YIELD name, databaseID, lastCommittedTxn
WHERE name = $database
RETURN databaseID AS store, lastCommittedTxn AS transaction
