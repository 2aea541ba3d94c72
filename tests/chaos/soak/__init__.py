"""A server and its loop under load for as long as one likes, with rolls, kills and a drift."""
