// Users by their ids alone, made where they are missing.
//
// $ids: the ids
// access: write
// :param {ids: ['1']}
UNWIND $ids AS id
MERGE (:User {user_id: id})
