"""Answers in memory: each user's list is made once a version; a request merges what came since, filters and cuts."""
