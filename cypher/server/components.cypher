// The server's parts with their version and edition.
//
// returns: name, version, edition
// access: read
CALL dbms.components() YIELD name, versions, edition
RETURN name, versions[0] AS version, edition
