// Stored counts of the people who like two items, with a user who opted out left out, or counted in again.
//
// SIMILAR of the co-occurrence batch keeps `support` as it was written, and beside it how many of those people are
// `withheld` since. Which likes those are was marked when the user opted out, so that what is left out is what is
// counted in again. A version that was written meanwhile never counted the user: there nothing is withheld.
//
// Cost: for each of the user's items, the similar items stored.
//
// $user_id: the user, who has opted out
// $people: 1 to leave the user out, -1 to count the user in again
// access: write
// :param {user_id: '1', people: 1}

MATCH (u:User {user_id: $user_id})
WHERE u:OptedOut
MATCH (u)-[w:WITHHELD]->(i:Item)
WHERE w._counted
WITH collect(DISTINCT i) AS liked
UNWIND liked AS i
MATCH (i)-[s:SIMILAR {model: 'cooccurrence'}]->(j:Item)
WHERE j IN liked AND ($people > 0 OR s.withheld > 0)
SET s.withheld = coalesce(s.withheld, 0) + $people
WITH s WHERE s.withheld = 0
REMOVE s.withheld
