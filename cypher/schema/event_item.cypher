// The events of an item, so that they can go with it.
//
// access: write-implicit
CREATE INDEX event_item IF NOT EXISTS FOR (e:Event) ON (e.item_id)
