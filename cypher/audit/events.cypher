// The log of events in the order of their ids, a part at a time.
//
// $after: the last id of the part before; '' for the first part
// $n: how many events
// returns: event_id, user_id, item_id, kind, at, rating, dwell, session, device
// access: read
// :param {after: '', n: 100}
MATCH (e:Event)
WHERE e.event_id > $after
RETURN e.event_id AS event_id, e.user_id AS user_id, e.item_id AS item_id, e.kind AS kind, e.at AS at,
  e.rating AS rating, e.dwell AS dwell, e.session AS session, e.device AS device
ORDER BY event_id
LIMIT $n
