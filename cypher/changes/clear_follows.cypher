// The relationships from a user to those whom it follows, removed.
//
// $user_id: the user
// access: write
// :param {user_id: '1'}
MATCH (:User {user_id: $user_id})-[r:FOLLOWS|WITHHELD_FOLLOWS]->()
DELETE r
