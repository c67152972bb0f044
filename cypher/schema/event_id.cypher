// One event an id: a redelivered event is found in the log and changes nothing.
//
// access: write-implicit
CREATE CONSTRAINT event_id IF NOT EXISTS FOR (e:Event) REQUIRE e.event_id IS UNIQUE
