// The names of all tags, as columns.
//
// returns: names
// access: read
// scans: Tag
MATCH (t:Tag)
WITH id(t) / 10000 AS block, collect(t.name) AS names
RETURN names
