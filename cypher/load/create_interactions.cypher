// Interactions that the graph doesn't hold yet, as columns; how many were made.
//
// Users and items are found once a batch and then by position. Run it after `load/lock_and_read`, in its transaction.
//
// $user_ids: the users, and $starts: where the rows of each begin, and the number of rows
// $starts: one number more than there are users
// $item_ids: the different items, and $item: a position among them for each row
// $item: positions in $item_ids
// $kind: one for each row, as the columns that follow
// $count: how often
// $weight: a number or null
// $rating: a number or null
// $first_at: epoch milliseconds or null
// $last_at: epoch milliseconds or null
// returns: created
// access: write
UNWIND range(0, size($item_ids) - 1) AS position
MATCH (i:Item {item_id: $item_ids[position]})
WITH position, i ORDER BY position
WITH collect(i) AS items
WHERE size(items) = size($item_ids)
UNWIND range(0, size($user_ids) - 1) AS position
MATCH (u:User {user_id: $user_ids[position]})
UNWIND range($starts[position], $starts[position + 1] - 1) AS k
WITH u, items[$item[k]] AS i, k
CREATE (u)-[:INTERACTED {
  kind: $kind[k], count: $count[k], weight: $weight[k], rating: $rating[k], first_at: $first_at[k], last_at: $last_at[k]
}]->(i)
RETURN count(*) AS created
