// Features written to items that exist; how many were found.
//
// A feature that is null is taken away.
//
// $rows: pairs of item_id and a map of features
// returns: written
// access: write
// :param {rows: [['1', {feature_interactions: 3}]]}
UNWIND $rows AS row
MATCH (i:Item {item_id: row[0]})
SET i += row[1]
RETURN count(i) AS written
