"""One module per group of addresses; each route resolves what is asked, looks it up and presents it."""
