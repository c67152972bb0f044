// Interactions summed into those that the graph holds, made where they are missing; how many were written.
//
// Where `adds` is true, or all that is given came after all that is known, counts and weights add; else the larger
// stays, so that loading the same again changes nothing. Times widen; the rating is the one given later, of equal
// times the one given now. Run it after `load/lock` or `load/lock_and_read`, in its transaction.
//
// $rows: maps of user_id, item_id, kind, count, weight, rating, first_at, last_at, adds
// returns: written
// access: write
UNWIND $rows AS row
MATCH (u:User {user_id: row.user_id})
CALL (row) {
  MATCH (i:Item {item_id: row.item_id})
  RETURN i LIMIT 1
}
MERGE (u)-[r:INTERACTED {kind: row.kind}]->(i)
WITH r, row, coalesce(row.adds OR row.first_at > r.last_at, false) AS adds
SET r += {
  count: CASE WHEN r.count IS NULL THEN row.count
    WHEN adds THEN r.count + row.count
    WHEN r.count > row.count THEN r.count ELSE row.count END,
  weight: CASE WHEN r.weight IS NULL OR row.weight IS NULL THEN coalesce(r.weight, row.weight)
    WHEN adds THEN r.weight + row.weight
    WHEN r.weight > row.weight THEN r.weight ELSE row.weight END,
  rating: CASE WHEN row.rating IS NULL OR row.last_at < r.last_at AND r.rating IS NOT NULL THEN r.rating
    ELSE row.rating END,
  first_at: CASE WHEN r.first_at < row.first_at THEN r.first_at ELSE coalesce(row.first_at, r.first_at) END,
  last_at: CASE WHEN r.last_at > row.last_at THEN r.last_at ELSE coalesce(row.last_at, r.last_at) END
}
RETURN count(*) AS written
