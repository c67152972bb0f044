// Users by their ids, made where they are missing, with properties set where any are given.
//
// $rows: pairs of user_id and a map of properties
// access: write
// :param {rows: [['1', {}]]}
UNWIND $rows AS row
MERGE (n:User {user_id: row[0]})
SET n += row[1]
