// Events written to the log; those that stand there already are not returned.
//
// $events: maps of event_id, user_id, item_id, kind, at and whatever else is known (dwell, device, location, session; context as key:value)
// returns: event_id
// access: write
UNWIND $events AS event
MERGE (e:Event {event_id: event.event_id})
ON CREATE SET e._new = true
WITH e, event WHERE e._new
SET e += event
REMOVE e._new
RETURN event.event_id AS event_id
