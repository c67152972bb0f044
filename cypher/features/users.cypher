// The features of each of some users, as pairs of a feature's name and its value.
//
// `graphrec schema` says what each one means. An unknown id gives no row; before `graphrec features` there are none.
//
// $user_ids: the users
// returns: user_id, features
// access: read
// :param {user_ids: ['1']}
UNWIND $user_ids AS user_id
MATCH (u:User {user_id: user_id})
RETURN user_id, [name IN keys(u) WHERE name STARTS WITH 'feature_' AND name <> 'feature_digest' | [name, u[name]]] AS features
ORDER BY user_id
