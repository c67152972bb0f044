// Tags by their names, made where they are missing.
//
// $ids: the names
// access: write
// :param {ids: ['jazz']}
UNWIND $ids AS id
MERGE (:Tag {name: id})
