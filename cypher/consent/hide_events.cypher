// The events of a user in the log, marked so that they count in no context. The log keeps them, to know repeats.
//
// $user_id: the user
// access: write
// :param {user_id: '1'}

MATCH (e:Event {user_id: $user_id})
SET e.withheld = true
