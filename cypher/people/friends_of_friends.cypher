// People whom those that each of some users follows follow too, by friends in common.
//
// The score is the number of friends in common: people v with u -> v -> person. The user, and those already followed,
// are left out. Of a person who follows more than $max_fan_out the first in the order of the store are taken.
//
// $user_ids: whom to introduce; an unknown id gives no rows
// $k: how many people to return for each (default 10)
// $max_fan_out: how many FOLLOWS relationships of one person are followed (default 5000)
// returns: user_id, friend_id, score, rank
// access: read
// :param {user_ids: ['1'], k: 10, max_fan_out: 5000}

UNWIND $user_ids AS user_id
MATCH (u:User {user_id: user_id})
CALL (u) {
  MATCH (u)-[:FOLLOWS]->(friend:User)
  RETURN collect(DISTINCT friend) AS friends
}
CALL (u, friends) {
  UNWIND friends AS friend
  CALL (friend) {
    MATCH (friend)-[:FOLLOWS]->(other:User)
    WITH other LIMIT $max_fan_out
    RETURN DISTINCT other
  }
  WITH other, count(*) AS score
  WHERE other <> u AND NOT other IN friends
  ORDER BY score DESC, other.user_id LIMIT $k
  WITH collect([other.user_id, score]) AS best
  UNWIND range(1, size(best)) AS rank
  RETURN best[rank - 1][0] AS friend_id, best[rank - 1][1] AS score, rank
}
RETURN user_id, friend_id, score, rank
ORDER BY user_id, rank
