// A user who has opted out from now on, made where it isn't there, and locked until the transaction ends.
//
// What the user did is hidden by `consent/withhold`, `consent/hide_follows` and `consent/hide_events` in the same
// transaction. The label says who has opted out; it is no property, so no data that are loaded can say it.
//
// $user_id: the user
// access: write
// :param {user_id: '1'}

MERGE (u:User {user_id: $user_id})
SET u:OptedOut, u._lock = true
REMOVE u._lock
