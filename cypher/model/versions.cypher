// All versions of all models, the newest first, and which of them readers see.
//
// returns: name, version, live, properties
// access: read
// scans: Model
MATCH (m:Model)
OPTIONAL MATCH (g:Graph {name: 'graphrec'})
RETURN m.name AS name, m.version AS version, coalesce(m.version = g['live_' + m.name], false) AS live,
  properties(m) AS properties
ORDER BY name, version DESC
