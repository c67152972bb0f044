// The events of a user in the log, a page in the order of their ids.
//
// $user_id: the user
// $after: the last id of the page before, '' for the first
// $most: how many at most
// returns: event_id, properties
// access: read
// :param {user_id: '1', after: '', most: 1000}
MATCH (e:Event {user_id: $user_id})
WHERE e.event_id > $after
WITH e ORDER BY e.event_id LIMIT $most
RETURN e.event_id AS event_id, properties(e) AS properties
