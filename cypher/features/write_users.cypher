// Features written to users that exist; how many were found.
//
// A feature that is null is taken away.
//
// $rows: pairs of user_id and a map of features
// returns: written
// access: write
// :param {rows: [['1', {feature_interactions: 3}]]}
UNWIND $rows AS row
MATCH (u:User {user_id: row[0]})
SET u += row[1]
RETURN count(u) AS written
