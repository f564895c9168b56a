"""THE BOOK: what a nation's node took in, decided and did, in order, so that it can be run again."""
