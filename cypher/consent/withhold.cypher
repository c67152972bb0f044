// What users who have opted out did, renamed from INTERACTED to WITHHELD with every property; how much it was.
//
// No query that walks, counts, trains or explains reads WITHHELD, so none of them needs to know of it. Users who haven't
// opted out are left as they are. With $first, likes are marked: those that stored counts of people may know of.
//
// $user_ids: the users
// $first: whether the users opt out now; else this hides what came since (default false)
// $kind_weights: how much each kind says that a person likes an item; others weigh 1 (default {"view": 0.5, "click": 0.5, "skip": -0.5, "dislike": -1.0, "hide": -1.0})
// returns: withheld
// access: write
// :param {user_ids: ['1'], first: false, kind_weights: {view: 0.5, click: 0.5, skip: -0.5, dislike: -1.0, hide: -1.0}}

UNWIND $user_ids AS user_id
MATCH (u:User {user_id: user_id})
WHERE u:OptedOut
MATCH (u)-[r:INTERACTED]->(i:Item)
CREATE (u)-[w:WITHHELD]->(i)
SET w = properties(r)
SET w._counted = CASE WHEN $first AND coalesce($kind_weights[r.kind], 1.0) > 0 THEN true ELSE r._counted END
DELETE r
RETURN count(*) AS withheld
