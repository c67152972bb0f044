// The events of a user, so that they can go with it.
//
// access: write-implicit
CREATE INDEX event_user IF NOT EXISTS FOR (e:Event) ON (e.user_id)
