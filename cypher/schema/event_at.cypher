// The event log by time, for retention.
//
// access: write-implicit
CREATE INDEX event_at IF NOT EXISTS FOR (e:Event) ON (e.at)
